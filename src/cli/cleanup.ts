/** `fairway --cleanup`: remove what this agent or kube-proxy left, and look whether it is gone. */
import type { Backend, Installed, ObjectKey } from '../backends/backend.ts';
import { iptablesBackend } from '../backends/iptables/index.ts';
import { isIpvsLeftover } from '../backends/ipvs/names.ts';
import { ipvsBackend } from '../backends/ipvs/index.ts';
import { isLeftover } from '../backends/iptables/names.ts';
import type { IptablesPrograms } from '../backends/iptables/restore.ts';
import { isNodeLeftover, setOf } from '../backends/sets/names.ts';
import { userspaceBackend } from '../backends/userspace/index.ts';
import { SET_NAMES } from '../backends/userspace/names.ts';
import type { Config } from '../config/schema.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import { sortedMap } from '../sorted/sortedMap.ts';
import { withRelay } from '../sync/relay.ts';
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
  left.push(...(await cleanIpvs(kernel)), ...(await cleanUserspace(kernel)));
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
    if (await canList(kernel, names[family].save)) families.push(family);
  }
  return families.length === 0 ? [] : removeAll(kernel, { families, names });
}

/** A program that is missing, or whose family this kernel lacks, has nothing to clean. */
async function canList(kernel: Kernel, save: string): Promise<boolean> {
  try {
    await kernel.list(save, []);
    return true;
  } catch (error) {
    const kinds = ['missing-program', 'rejected'];
    if (error instanceof KernelError && kinds.includes(error.kind)) return false;
    throw error;
  }
}

const PROGRAMS: IptablesPrograms = { families: FAMILIES, names: namesOf('') };

/** Virtual servers, sets and routes of ours; whatever is not in our record stays. */
async function cleanIpvs(kernel: Kernel): Promise<readonly string[]> {
  // A look at virtual servers would load ip_vs where nobody uses it.
  if (!(await hasSet(kernel, ['KUBE-VIP-OURS']))) return [];
  const now = (): number => performance.now();
  const backend = ipvsBackend({ programs: PROGRAMS, excludeCIDRs: [], drainTimeout: 0, now });
  const left = await removeWith(kernel, backend);
  return left.filter(isIpvsLeftover).map((key) => `ipvs: ${key}`);
}

/** Sets and routes of ours. */
async function cleanUserspace(kernel: Kernel): Promise<readonly string[]> {
  const sets = FAMILIES.flatMap((family) => SET_NAMES.map((name) => setOf(family, name)));
  if (!(await hasSet(kernel, sets))) return [];
  // No relay is open: it holds nothing that could be left.
  const noRelay = { apply: () => Promise.resolve(), table: () => '' };
  const backend = userspaceBackend({ programs: PROGRAMS, relayPort: 0 });
  const left = await removeWith(withRelay(kernel, noRelay), backend);
  return left.filter(isNodeLeftover).map((key) => `userspace: ${key}`);
}

async function hasSet(kernel: Kernel, names: readonly string[]): Promise<boolean> {
  try {
    const found = (await kernel.list('ipset', ['list', '-name'])).split('\n');
    return found.some((name) => names.includes(name));
  } catch (error) {
    if (error instanceof KernelError && error.kind === 'missing-program') return false;
    throw error;
  }
}

/** Everything of this backend that is there afterwards. */
async function removeWith(kernel: Kernel, backend: Backend): Promise<readonly ObjectKey[]> {
  const { operations } = backend.plan(await backend.read(kernel), NOTHING);
  for (const operation of operations) await kernel.apply(operation);
  return [...(await backend.read(kernel)).keys()];
}

function namesOf(infix: string): IptablesPrograms['names'] {
  return {
    4: { restore: `iptables${infix}-restore`, save: `iptables${infix}-save` },
    6: { restore: `ip6tables${infix}-restore`, save: `ip6tables${infix}-save` },
  };
}

async function removeAll(kernel: Kernel, programs: IptablesPrograms): Promise<readonly string[]> {
  const left = await removeWith(kernel, iptablesBackend(programs));
  return left.filter(isLeftover).map((key) => `${programs.names[4].save}: ${key}`);
}
