import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diagnose } from '../../../src/kernel/diagnose.ts';
import type { Failure } from '../../../src/kernel/diagnose.ts';
import type { KernelErrorKind } from '../../../src/kernel/errors.ts';

const INPUT = ['*nat', ':A - [0:0]', '-A A -s 10.0.0.1/32 -j B', 'COMMIT', 'fifth', ''].join('\n');

function failure(part: Partial<Failure>): Failure {
  return {
    program: 'iptables-nft-restore',
    stdin: INPUT,
    exitCode: 1,
    systemCode: undefined,
    killedBy: undefined,
    stderr: '',
    endedBecause: undefined,
    ...part,
  };
}

interface Captured {
  readonly title: string;
  readonly failure: Partial<Failure>;
  readonly kind: KernelErrorKind;
  readonly firstLine?: string;
  readonly inputLine?: string;
}

/** What the real programs print: iptables 1.8.9, ipset 7.17, nft 1.0.6, conntrack 1.4.7. */
const CAPTURED: readonly Captured[] = [
  {
    title: 'nft: jump to a chain that is not there',
    failure: {
      exitCode: 2,
      stderr:
        "iptables-nft-restore v1.8.9 (nf_tables): Chain 'B' does not exist\nError occurred at line: 3\nTry `iptables-nft-restore -h' or 'iptables-nft-restore --help' for more information.\n",
    },
    kind: 'rejected',
    firstLine: "iptables-nft-restore v1.8.9 (nf_tables): Chain 'B' does not exist",
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'nft: the kernel refuses a rule, with the exit code that is a held lock elsewhere',
    failure: {
      exitCode: 4,
      stderr:
        'iptables-nft-restore v1.8.9 (nf_tables): \nline 3: RULE_APPEND failed (Invalid argument): rule in chain A\n',
    },
    kind: 'rejected',
    firstLine: 'line 3: RULE_APPEND failed (Invalid argument): rule in chain A',
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'nft: deleting a chain that is jumped to',
    failure: {
      exitCode: 4,
      stderr:
        'iptables-nft-restore v1.8.9 (nf_tables): \nline 5: CHAIN_DEL failed (Device or resource busy): chain B\n',
    },
    kind: 'rejected',
    inputLine: 'fifth',
  },
  {
    title: 'nft: deleting a rule that is not there',
    failure: {
      stderr:
        'iptables-nft-restore: line 3 failed: Bad rule (does a matching rule exist in that chain?).\n',
    },
    kind: 'rejected',
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'nft: no COMMIT',
    failure: { stderr: 'iptables-nft-restore: COMMIT expected at line 5\n' },
    kind: 'rejected',
    inputLine: 'fifth',
  },
  {
    title: 'legacy: refused at commit',
    failure: { program: 'iptables-legacy-restore', stderr: 'iptables-restore: line 4 failed\n' },
    kind: 'rejected',
    inputLine: 'COMMIT',
  },
  {
    title: 'legacy: unknown target',
    failure: {
      exitCode: 2,
      stderr:
        "iptables-restore v1.8.9 (legacy): Couldn't load target `B':No such file or directory\n\nError occurred at line: 3\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\n",
    },
    kind: 'rejected',
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'legacy: the lock is held',
    failure: {
      exitCode: 4,
      stderr:
        "Can't lock /run/xtables.lock: Resource temporarily unavailable\nAnother app is currently holding the xtables lock. Stopped waiting after 1s.\n",
    },
    kind: 'busy',
    firstLine: "Can't lock /run/xtables.lock: Resource temporarily unavailable",
  },
  {
    title: 'legacy: the lock may not be opened, with the exit code of a held lock',
    failure: {
      exitCode: 4,
      stderr: "Fatal: can't open lock file /run/xtables.lock: Permission denied\n",
    },
    kind: 'not-permitted',
  },
  {
    title: 'legacy: /run is read-only',
    failure: {
      exitCode: 4,
      stderr: "Fatal: can't open lock file /run/xtables.lock: Read-only file system\n",
    },
    kind: 'not-permitted',
  },
  {
    title: 'nft: not root',
    failure: {
      exitCode: 4,
      stderr:
        'iptables-nft-restore v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n',
    },
    kind: 'not-permitted',
  },
  {
    title: 'a warning about the other variant does not hide the message',
    failure: {
      stderr:
        '# Warning: iptables-legacy tables present, use iptables-legacy to see them\niptables: No chain/target/match by that name.\n',
    },
    kind: 'rejected',
    firstLine: 'iptables: No chain/target/match by that name.',
  },
  {
    title: 'ipset: no such set',
    failure: {
      program: 'ipset',
      stderr: 'ipset v7.17: Error in line 3: The set with the given name does not exist\n',
    },
    kind: 'rejected',
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'ipset: not root',
    failure: {
      program: 'ipset',
      stderr: 'ipset v7.17: Kernel error received: Operation not permitted\n',
    },
    kind: 'not-permitted',
  },
  {
    title: 'nft -f: names the place in its input',
    failure: {
      program: 'nft',
      stderr:
        '/dev/stdin:3:13-16: Error: Could not process rule: No such file or directory\nadd rule ip nope nope accept\n            ^^^^\n',
    },
    kind: 'rejected',
    inputLine: '-A A -s 10.0.0.1/32 -j B',
  },
  {
    title: 'conntrack: not root',
    failure: {
      program: 'conntrack',
      stderr:
        'conntrack v1.4.7 (conntrack-tools): Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this\n',
    },
    kind: 'not-permitted',
  },
  {
    title: 'conntrack: a flow ended by itself while it was being deleted',
    failure: {
      program: 'conntrack',
      stderr:
        "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist\n",
    },
    kind: 'busy',
  },
  {
    title: 'no such program',
    failure: { exitCode: undefined, systemCode: 'ENOENT' },
    kind: 'missing-program',
  },
  {
    title: 'not executable',
    failure: { exitCode: undefined, systemCode: 'EACCES' },
    kind: 'not-permitted',
  },
  {
    title: 'no file descriptors left',
    failure: { exitCode: undefined, systemCode: 'EMFILE' },
    kind: 'busy',
  },
  {
    title: 'killed by somebody else',
    failure: { exitCode: undefined, killedBy: 'SIGKILL' },
    kind: 'rejected',
  },
  {
    title: 'ended at its time limit',
    failure: { exitCode: undefined, killedBy: 'SIGTERM', endedBecause: 'timed-out' },
    kind: 'timed-out',
  },
  {
    title: 'ended because the agent stops',
    failure: { exitCode: undefined, killedBy: 'SIGTERM', endedBecause: 'aborted' },
    kind: 'aborted',
  },
];

for (const { title, failure: part, kind, firstLine, inputLine } of CAPTURED) {
  test(`${kind}: ${title}`, () => {
    const error = diagnose(failure(part));
    assert.equal(error.kind, kind);
    assert.equal(error.details.inputLine, inputLine);
    if (firstLine !== undefined) assert.equal(error.details.firstLine, firstLine);
    assert.ok(error.message.startsWith(error.details.program));
    assert.ok(error.message.includes(error.details.firstLine) || kind === 'aborted');
  });
}

test('a missing program is named with the Debian package that brings it', () => {
  const packages = { 'ip6tables-nft-save': 'iptables', nft: 'nftables', conntrack: 'conntrack' };
  for (const [program, name] of Object.entries(packages)) {
    const { message } = diagnose(failure({ program, exitCode: undefined, systemCode: 'ENOENT' }));
    assert.match(message, new RegExp(`^${program} was not found .* package ${name}\\)$`));
  }
});

test('a refusal shows the refused line and how to see the rest', () => {
  const { message } = diagnose(failure({ stderr: 'iptables-restore: line 3 failed\n' }));
  assert.equal(
    message,
    'iptables-nft-restore refused its input at "-A A -s 10.0.0.1/32 -j B" (iptables-restore: line 3 failed; exit code 1): print the whole input with --dry-run to look further',
  );
});

test('control and text-direction characters and endless lines do not reach a terminal', () => {
  const hostile = `\u001b[31mred\u0007\u202e${'x'.repeat(1000)}`;
  const error = diagnose(failure({ stderr: `line 1: ${hostile}\n`, stdin: hostile }));
  for (const text of [error.message, error.details.firstLine, error.details.inputLine ?? '']) {
    assert.doesNotMatch(text, /[\p{Cc}\p{Bidi_Control}]/u);
    assert.ok(text.length < 1200);
  }
});

test('a line number beyond the input shows no line', () => {
  const error = diagnose(failure({ stderr: 'iptables-restore: line 99 failed\n' }));
  assert.equal(error.details.inputLine, undefined);
});
