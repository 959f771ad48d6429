/** On what a comparison ran, and with what. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { About } from '../../src/compare/schema.ts';
import { describeMachine } from '../bench/machine.ts';
import { ROOT } from '../runFiles.ts';
import { SLOWNESS } from '../lab/slowness.ts';

const NOTES = [
  'Clients, servers, agents and the kernel share the same processors: what one takes, all others lack.',
  'Client and servers are Node programs, so a good part of each time is theirs. The figures straight ' +
    'to the pods are the measure of that; what a mode adds is the difference.',
  'Soft interrupts and the CPU of the whole machine are of everything that ran there at the time.',
];
const EMULATED =
  'The kernel ran in an emulated machine: speeds mean nothing there, only ratios do.';

export function aboutThisMachine(argv: readonly string[]): About {
  const { cores, cpu, gigabytes, kernel, node, iptables } = describeMachine();
  const isEmulated = SLOWNESS > 1;
  return {
    date: new Date().toISOString(),
    command: ['scripts/compare', ...argv].join(' '),
    where: isEmulated ? 'emulated' : 'namespaces',
    ...{ kernel, cores, cpu, gigabytes },
    versions: { fairway: fairwayVersion(), node, iptables, ...optionalVersions() },
    notes: isEmulated ? [EMULATED, ...NOTES] : NOTES,
  };
}

function fairwayVersion(): string {
  const file = readFileSync(join(ROOT, 'package.json'), 'utf8');
  return String((JSON.parse(file) as { version?: unknown }).version);
}

function optionalVersions(): Record<string, string> {
  const found = ['ipset', 'ipvsadm'].map((program) => {
    const { error, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (error !== undefined) return [program, undefined] as const;
    return [program, /v(\d[\d.]*)/.exec(stdout)?.[1]] as const;
  });
  return Object.fromEntries(
    found.filter((each): each is [string, string] => each[1] !== undefined),
  );
}
