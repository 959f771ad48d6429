/** What can be compared on this machine: every mode that there is, and none. */
import { existsSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { MODES } from '../../src/backends/backend.ts';
import type { Subject } from '../../src/compare/schema.ts';

/** Agents' flags for each subject; none for the baseline, which has no agent. */
export interface LabSubject extends Subject {
  readonly flags: readonly string[];
}

const DIRECT: LabSubject = { id: 'direct', title: 'direct', isBaseline: true, flags: [] };

/** A mode that is added appears here by itself; iptables mode has two kinds of programs. */
const ALL: readonly LabSubject[] = [
  DIRECT,
  ...MODES.flatMap((mode) => (mode === 'iptables' ? ['nft', 'legacy'].map(variant) : [of(mode)])),
];

function variant(programs: string): LabSubject {
  return {
    id: `iptables-${programs}`,
    title: `iptables (${programs})`,
    isBaseline: false,
    flags: ['--proxy-mode=iptables', `--iptables-variant=${programs}`],
  };
}

function of(mode: string): LabSubject {
  const flags = [`--proxy-mode=${mode}`, '--iptables-variant=nft'];
  return { id: mode, title: mode, isBaseline: false, flags };
}

export interface Available {
  readonly subjects: readonly LabSubject[];
  readonly absent: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * Those of `wanted`, all when that is absent, as far as this kernel has what they need; the baseline
 * always. Throws for one that does not exist.
 */
export function availableSubjects(wanted?: readonly string[]): Available {
  const ids = ALL.map(({ id }) => id);
  const unknown = wanted?.filter((id) => !ids.includes(id)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`--modes: expected of ${ids.join(', ')}, found ${unknown.join(', ')}`);
  }
  const chosen = ALL.filter(({ id, isBaseline }) => isBaseline || (wanted ?? ids).includes(id));
  const lacks = chosen.map((subject) => [subject, whatLacks(subject)] as const);
  return {
    subjects: lacks.filter(([, reason]) => reason === undefined).map(([subject]) => subject),
    absent: lacks.flatMap(([{ id }, reason]) => (reason === undefined ? [] : [{ id, reason }])),
  };
}

function whatLacks({ id }: LabSubject): string | undefined {
  if (id !== 'ipvs' || hasIpvs()) return undefined;
  return 'this kernel has no ip_vs; scripts/compare --vm measures it in a kernel that has it';
}

function hasIpvs(): boolean {
  if (existsSync('/sys/module/ip_vs')) return true;
  return spawnSync('modprobe', ['--quiet', 'ip_vs']).status === 0;
}
