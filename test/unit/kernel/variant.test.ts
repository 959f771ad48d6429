import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeReader } from '../../../src/backends/backend.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { KernelErrorKind } from '../../../src/kernel/errors.ts';
import { chooseVariant, decideVariant, parseVersion } from '../../../src/kernel/variant.ts';
import type { VariantEvidence, VariantTraces } from '../../../src/kernel/variant.ts';

const NOTHING: VariantTraces = { isInstalled: true, hasKubeletHint: false, ruleCount: 0 };
const ABSENT: VariantTraces = { ...NOTHING, isInstalled: false };
const HINTED: VariantTraces = { ...NOTHING, hasKubeletHint: true };

const DECISIONS: readonly (readonly [string, Partial<VariantEvidence>, string])[] = [
  ['a choice wins over everything', { wanted: 'legacy', nft: HINTED }, 'legacy'],
  [
    "kubelet's chains win over more rules",
    { legacy: HINTED, nft: { ...NOTHING, ruleCount: 9 } },
    'legacy',
  ],
  [
    "of kubelet's chains in both, nft wins",
    { legacy: HINTED, nft: HINTED, plain: 'legacy' },
    'nft',
  ],
  [
    'more rules win',
    { legacy: { ...NOTHING, ruleCount: 9 }, nft: { ...NOTHING, ruleCount: 8 } },
    'legacy',
  ],
  ['without a trace plain iptables decides: legacy', { plain: 'legacy' }, 'legacy'],
  ['without a trace plain iptables decides: nft', { plain: 'nft' }, 'nft'],
  [
    'without programs of either name there is only plain',
    { plain: 'legacy', nft: ABSENT, legacy: ABSENT },
    'legacy',
  ],
];

for (const [title, evidence, expected] of DECISIONS) {
  test(`decide: ${title}`, () => {
    const none: VariantEvidence = { wanted: 'auto', plain: 'nft', nft: NOTHING, legacy: NOTHING };
    assert.equal(decideVariant({ ...none, ...evidence }).variant, expected);
  });
}

const VERSIONS: readonly (readonly [string, string, string])[] = [
  ['iptables v1.8.9 (nf_tables)\n', '1.8.9', 'nft'],
  ['iptables v1.8.9 (legacy)\n', '1.8.9', 'legacy'],
  ['ip6tables v1.6.1\n', '1.6.1', 'legacy'],
];

for (const [text, version, variant] of VERSIONS) {
  test(`version: ${text.trim()}`, () => {
    assert.deepEqual(parseVersion(text), { version, variant });
  });
}

const KINDS: readonly KernelErrorKind[] = ['rejected', 'missing-program', 'not-permitted'];

/** What a node prints, or how it fails; a program or chain that is not in the table fails. */
function node(table: Readonly<Record<string, string>>): NodeReader & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    list: (program, args) => {
      const command = [program, ...args].join(' ');
      asked.push(command);
      const isInstalled = Object.keys(table).some(
        (known) => known.startsWith(`${program} `) || known === program,
      );
      const answer = table[command] ?? (isInstalled ? 'rejected' : 'missing-program');
      const kind = KINDS.find((each) => each === answer);
      return kind === undefined ? Promise.resolve(answer) : Promise.reject(failure(program, kind));
    },
    sysctl: () => Promise.resolve(undefined),
  };
}

function failure(program: string, kind: KernelErrorKind): KernelError {
  const details = { kind, program, exitCode: 1, firstLine: '', inputLine: undefined };
  return new KernelError(`${program}: ${kind}`, details);
}

const NFT = 'iptables v1.8.9 (nf_tables)\n';
const LEGACY = 'iptables v1.8.9 (legacy)\n';
const NAT = '-P POSTROUTING ACCEPT\n';

const BOTH = {
  'iptables -V': NFT,
  'iptables-nft -V': NFT,
  'iptables-legacy -V': LEGACY,
  'iptables-nft-save': '',
  'ip6tables-nft-save': '',
  'iptables-legacy-save': '',
  'ip6tables-legacy-save': '',
  'iptables-nft -t nat -S POSTROUTING': NAT,
  'ip6tables-nft -t nat -S POSTROUTING': NAT,
  'iptables-legacy -t nat -S POSTROUTING': NAT,
  'ip6tables-legacy -t nat -S POSTROUTING': NAT,
};

test('a quiet node: what plain iptables is, by its full name', async () => {
  const { reason, ...programs } = await chooseVariant(node(BOTH));
  assert.equal(reason, 'what plain iptables is');
  assert.deepEqual(programs, {
    variant: 'nft',
    version: '1.8.9',
    hasRandomFully: true,
    families: [4, 6],
    names: {
      4: { restore: 'iptables-nft-restore', save: 'iptables-nft-save' },
      6: { restore: 'ip6tables-nft-restore', save: 'ip6tables-nft-save' },
    },
  });
});

test("kubelet's chain in nft ends the search before anything is listed whole", async () => {
  const reader = node({
    ...BOTH,
    'ip6tables-nft -t mangle -S KUBE-IPTABLES-HINT': '-N KUBE-IPTABLES-HINT\n',
  });
  assert.equal((await chooseVariant(reader)).variant, 'nft');
  assert.deepEqual(
    reader.asked.filter((command) => command.includes('save')),
    [],
  );
});

test("kubelet's chain in legacy is found without naming a table there, which would create it", async () => {
  const saved = '*mangle\n:PREROUTING ACCEPT [0:0]\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n';
  const reader = node({ ...BOTH, 'iptables-legacy-save': saved });
  assert.equal((await chooseVariant(reader)).variant, 'legacy');
  assert.deepEqual(
    reader.asked.filter((command) => /legacy -t (?!nat)/.test(command)),
    [],
  );
});

test('rules of both families are counted', async () => {
  const table = {
    ...BOTH,
    'iptables-nft-save': '-A A -j B\n',
    'ip6tables-legacy-save': '-A A -j B\n-A A -j C\n',
  };
  assert.equal((await chooseVariant(node(table))).variant, 'legacy');
});

test('a choice lists nothing', async () => {
  const reader = node(BOTH);
  assert.equal((await chooseVariant(reader, 'legacy')).names[6].save, 'ip6tables-legacy-save');
  assert.deepEqual(
    reader.asked.filter((command) => command.includes('save')),
    [],
  );
});

test('an old node has only plain programs', async () => {
  const old = {
    'iptables -V': 'iptables v1.6.1\n',
    'iptables -t nat -S POSTROUTING': NAT,
    'ip6tables -t nat -S POSTROUTING': NAT,
  };
  const { variant, hasRandomFully, names } = await chooseVariant(node(old));
  assert.deepEqual([variant, hasRandomFully], ['legacy', false]);
  assert.deepEqual(names[4], { restore: 'iptables-restore', save: 'iptables-save' });
});

test('a kernel without IPv6 leaves one family', async () => {
  const table = { ...BOTH, 'ip6tables-nft -t nat -S POSTROUTING': 'rejected' };
  assert.deepEqual((await chooseVariant(node(table))).families, [4]);
});

test('a kernel where neither family works says why', async () => {
  const table = { 'iptables -V': NFT, 'iptables-nft -V': NFT, 'ip6tables-nft': '' };
  await assert.rejects(chooseVariant(node(table), 'nft'), (error) => {
    return error instanceof KernelError && error.details.program === 'iptables-nft';
  });
});

test('a chosen variant that is not installed is missing, not replaced', async () => {
  const table = { 'iptables -V': NFT, 'iptables -t nat -S POSTROUTING': NAT };
  await assert.rejects(chooseVariant(node(table), 'legacy'), (error) => {
    return error instanceof KernelError && error.details.program === 'iptables-legacy';
  });
});

test('a refusal for want of permission is no answer', async () => {
  const table = { ...BOTH, 'ip6tables-nft -t nat -S POSTROUTING': 'not-permitted' };
  await assert.rejects(chooseVariant(node(table)), (error) => {
    return error instanceof KernelError && error.kind === 'not-permitted';
  });
});
