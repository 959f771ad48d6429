/** `fairway --cleanup`: remove what this agent or kube-proxy left, and look whether it is gone. */
import type { Backend, Installed, ObjectKey } from '../backends/backend.ts';
import { iptablesBackend } from '../backends/iptables/index.ts';
import { isIpvsLeftover } from '../backends/ipvs/names.ts';
import { isLeftover, parseKey } from '../backends/iptables/names.ts';
import type { IptablesPrograms } from '../backends/iptables/restore.ts';
import { planAll } from '../takeover/index.ts';
import { adoption } from '../takeover/kubeProxy.ts';
import { readLeftovers } from '../takeover/readLeftovers.ts';
import type { Config } from '../config/schema.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import type { Operation } from '../plan/operation.ts';
import { sortedMap } from '../sorted/sortedMap.ts';
import { programName } from './programName.ts';

const NOTHING: Installed = sortedMap();

/** Both variants, as the node may have changed from one to the other, and what has no variant. */
const INFIXES = ['-nft', '-legacy', ''];

/** Resolves with the exit code: 1 when something is left, which is then listed. */
export async function cleanup({ procSys }: Pick<Config, 'procSys'>): Promise<number> {
  const kernel = linuxKernel({ procSys });
  const left: string[] = [];
  for (const infix of INFIXES) left.push(...(await cleanPrograms(kernel, infix)));
  // Behind them: a set that a rule asks cannot be removed.
  left.push(...(await cleanTheRest(kernel)));
  if (left.length === 0) {
    process.stdout.write('Nothing of fairway or kube-proxy is left on this node.\n');
    return 0;
  }
  process.stderr.write(left.map((line) => `${programName()}: still there: ${line}\n`).join(''));
  return 1;
}

/** What is left for the programs of this infix; nothing where the node has none of them. */
async function cleanPrograms(kernel: Kernel, infix: string): Promise<readonly string[]> {
  const names = namesOf(infix);
  const families: Family[] = [];
  for (const family of FAMILIES) {
    if (await canList(kernel, names[family].save, [])) families.push(family);
  }
  return families.length === 0 ? [] : removeAll(kernel, { families, names });
}

/** A program that is missing, or whose family this kernel lacks, has nothing to clean. */
async function canList(kernel: Kernel, program: string, args: readonly string[]): Promise<boolean> {
  try {
    await kernel.list(program, args);
    return true;
  } catch (error) {
    const kinds = ['missing-program', 'rejected'];
    if (error instanceof KernelError && kinds.includes(error.kind)) return false;
    throw error;
  }
}

function namesOf(infix: string): IptablesPrograms['names'] {
  return {
    4: { restore: `iptables${infix}-restore`, save: `iptables${infix}-save` },
    6: { restore: `ip6tables${infix}-restore`, save: `ip6tables${infix}-save` },
  };
}

async function removeAll(kernel: Kernel, programs: IptablesPrograms): Promise<readonly string[]> {
  const backend: Backend = iptablesBackend(programs);
  const found = await backend.read(kernel);
  await carryOut(
    kernel,
    backend.plan(isLast(programs) ? found : withoutSets(found), NOTHING).operations,
  );
  const after = await backend.read(kernel);
  const left = [...(isLast(programs) ? after : withoutSets(after)).keys()].filter(isLeftover);
  return left.map((key) => `${programs.names[4].save}: ${key}`);
}

/** Rules of the other variant may still ask a set: they go once neither has any. */
function isLast({ names }: IptablesPrograms): boolean {
  return names[4].save === namesOf('')[4].save;
}

function withoutSets(found: Installed): Installed {
  return sortedMap([...found.entries()].filter(([key]) => parseKey(key).table !== 'ipset'));
}

/** Virtual servers, sets, routes and tables; of virtual servers whatever is not ours stays. */
async function cleanTheRest(kernel: Kernel): Promise<readonly string[]> {
  if (!(await canList(kernel, 'ipset', ['list', '-name']))) return [];
  await carryOut(kernel, await adoption(kernel));
  // In the eyes of iptables mode, everything beside rules is a leftover.
  const found = sortedMap<ObjectKey, string>(await readLeftovers(kernel, FAMILIES, 'iptables'));
  await carryOut(
    kernel,
    planAll(found, NOTHING, { families: FAMILIES, names: namesOf('') }).operations,
  );
  const left = await readLeftovers(kernel, FAMILIES, 'iptables');
  return left.map(([key]) => key).filter(isIpvsLeftover);
}

async function carryOut(kernel: Kernel, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) await kernel.apply(operation);
}
