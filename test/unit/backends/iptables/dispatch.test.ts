import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressKey,
  portDigits,
  writeDispatch,
} from '../../../../src/backends/iptables/dispatch.ts';
import type { Dispatch } from '../../../../src/backends/iptables/dispatch.ts';
import { EMPTY_TRIE, putAll } from '../../../../src/backends/iptables/trie.ts';
import type { Entry } from '../../../../src/backends/iptables/trie.ts';
import type { Ip } from '../../../../src/net/address.ts';

const BY_IPV4: Dispatch = {
  family: 4,
  root: 'KUBE-IP',
  chainPrefix: 'KUBE-IP-',
  addressDigits: 16,
};
const BY_IPV6: Dispatch = { ...BY_IPV4, family: 6, addressDigits: 64 };
const BY_PORT: Dispatch = { family: 4, root: 'KUBE-NP', chainPrefix: 'KUBE-NP-', addressDigits: 0 };

function entryOf(key: string, rule: string): Entry {
  return { key, id: rule, weight: 1, rules: () => [rule] };
}

function chainsOf(dispatch: Dispatch, entries: readonly Entry[]): Map<string, string> {
  const chains = new Map<string, string>();
  writeDispatch(dispatch, undefined, putAll(EMPTY_TRIE, entries), {
    set: (chain, text) => void chains.set(chain, text),
    remove: (chain) => void chains.delete(chain),
  });
  return chains;
}

/** Rules tried on the way to the last rule of the deepest chain. */
function longestWay(chains: ReadonlyMap<string, string>, from: string): number {
  const lines = (chains.get(from) ?? '').split('\n');
  const ways = lines.map((line, index) => {
    const target = /-j (KUBE-\S+)$/.exec(line)?.[1];
    return index + 1 + (target === undefined ? 0 : longestWay(chains, target));
  });
  return Math.max(...ways);
}

function address(n: number): Ip {
  return `10.${String(96 + (n >> 16))}.${String((n >> 8) & 255)}.${String(n & 255)}` as Ip;
}

test('few Services stand in the root chain', () => {
  const chains = chainsOf(BY_IPV4, [entryOf(portDigits(address(1), 'TCP', 80), '-j A')]);
  assert.deepEqual([...chains], [['KUBE-IP', '-A KUBE-IP -j A']]);
});

test('more than 48 rules are split by the digit in which the addresses differ', () => {
  const entries = Array.from({ length: 60 }, (_, n) =>
    entryOf(portDigits(address(n * 16), 'TCP', 80), `-j X${String(n)}`),
  );
  const chains = chainsOf(BY_IPV4, entries);
  assert.equal(
    chains.get('KUBE-IP'),
    [
      '-A KUBE-IP -d 10.96.0.0/24 -j KUBE-IP-10.96.0.0/24',
      '-A KUBE-IP -d 10.96.1.0/24 -j KUBE-IP-10.96.1.0/24',
      '-A KUBE-IP -d 10.96.2.0/24 -j KUBE-IP-10.96.2.0/24',
      '-A KUBE-IP -d 10.96.3.0/24 -j KUBE-IP-10.96.3.0/24',
    ].join('\n'),
  );
  assert.equal(chains.size, 5);
});

test('among 30,000 Services a packet meets fewer than 100 rules', () => {
  const entries = Array.from({ length: 30_000 }, (_, n) =>
    entryOf(portDigits(address((n * 97) % 2 ** 20), 'TCP', 80), `-j X${String(n)}`),
  );
  const longest = longestWay(chainsOf(BY_IPV4, entries), 'KUBE-IP');
  assert.ok(longest < 100, `${String(longest)} rules`);
});

test('one address with many ports is split by protocol and port', () => {
  const ports = Array.from({ length: 300 }, (_, n) =>
    entryOf(portDigits(address(1), n % 2 ? 'TCP' : 'UDP', 1000 + n), `-j X${String(n)}`),
  );
  const chains = chainsOf(BY_IPV4, [...ports, entryOf(addressKey(address(1)), '-j REJECT')]);
  const root = chains.get('KUBE-IP')?.split('\n') ?? [];
  assert.match(root[0] ?? '', /^-A KUBE-IP -d 10\.96\.0\.1\/32 -p tcp -j KUBE-IP-\w+$/);
  assert.match(root[1] ?? '', /^-A KUBE-IP -d 10\.96\.0\.1\/32 -p udp -j KUBE-IP-\w+$/);
  assert.match(root[2] ?? '', /^-A KUBE-IP -d 10\.96\.0\.1\/32 -j KUBE-IP-\w+$/, 'all others last');
  assert.ok(longestWay(chains, 'KUBE-IP') < 100);
});

test('NodePorts are split by ranges with readable names', () => {
  const entries = Array.from({ length: 100 }, (_, n) =>
    entryOf(portDigits(undefined, 'TCP', 30_000 + n), `-j X${String(n)}`),
  );
  const root = chainsOf(BY_PORT, entries).get('KUBE-NP')?.split('\n') ?? [];
  assert.equal(root[0], '-A KUBE-NP -p tcp -m tcp --dport 29952:30015 -j KUBE-NP-tcp-29952-30015');
});

test('IPv6 ranges too long for a chain name are hashed', () => {
  const entries = Array.from({ length: 40 }, (_, n) =>
    entryOf(portDigits(`2001:db8:1:2:3:4:5:${(n + 16).toString(16)}` as Ip, 'TCP', 80), '-j X'),
  );
  for (const chain of chainsOf(BY_IPV6, entries).keys()) assert.ok(chain.length <= 28, chain);
});

test('addresses chosen to make a deep tree stop at eight levels, below the kernel’s 16 jumps', () => {
  const bits = Array.from({ length: 128 }, (_, bit) => 1n << BigInt(bit));
  const crowd = Array.from({ length: 64 }, (_, n) => BigInt(n));
  const entries = [...bits, ...crowd].map((value, index) =>
    entryOf(`${value.toString(4).padStart(64, '0')}000001100`, `-j X${String(index)}`),
  );
  const chains = chainsOf(BY_IPV6, entries);
  function depth(chain: string): number {
    const targets = [...(chains.get(chain) ?? '').matchAll(/-j (KUBE-\S+)/g)];
    return Math.max(0, ...targets.map((match) => 1 + depth(match[1] ?? '')));
  }
  assert.equal(depth('KUBE-IP'), 8);
  const rules = [...chains.values()].flatMap((text) => text.match(/-j X\d+/g) ?? []);
  assert.equal(new Set(rules).size, entries.length, 'every rule stands somewhere');
});
