import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Rules } from '../../src/backends/backend.ts';
import { renderIptables } from '../../src/backends/iptables/render.ts';
import { planIptables } from '../../src/backends/iptables/restore.ts';
import type { ServicePort } from '../../src/model/types.ts';
import { arbitraryServicePort, snapshotOf } from '../support/servicePorts.ts';

const PROGRAMS = {
  families: [4, 6],
  names: {
    4: { restore: 'iptables-restore', save: 'iptables-save' },
    6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
  },
} as const;

/** Snapshots in a row that share what did not change, as the store makes them. */
const history = fc.array(fc.array(arbitraryServicePort(), { maxLength: 40 }), {
  minLength: 2,
  maxLength: 5,
});

function textOf(rules: Rules): Record<string, string> {
  return Object.fromEntries(rules.entries());
}

test('rendering on from the last rendering gives what rendering from nothing gives', () => {
  fc.assert(
    fc.property(history, (steps) => {
      let last = renderIptables(snapshotOf(steps[0] ?? []));
      for (const ports of steps.slice(1)) {
        const snapshot = snapshotOf(ports);
        last = renderIptables(snapshot, last);
        assert.deepEqual(textOf(last.rules), textOf(renderIptables(snapshot).rules));
      }
    }),
    { numRuns: 60 },
  );
});

test('the order in which Services are known does not show', () => {
  fc.assert(
    fc.property(fc.array(arbitraryServicePort(), { maxLength: 40 }), (ports) => {
      const unique = [...new Map(ports.map((port) => [port.key, port])).values()];
      const a = renderIptables(snapshotOf(unique)).rules;
      const b = renderIptables(snapshotOf(unique.toReversed())).rules;
      assert.deepEqual(textOf(a), textOf(b));
    }),
    { numRuns: 60 },
  );
});

test('what is installed as desired needs nothing more', () => {
  const { rules } = renderIptables(snapshotOf([]));
  assert.deepEqual(planIptables(rules, rules, PROGRAMS).operations, []);
});

/** Every chain that is jumped to, and every chain that is there. */
function jumpTargets(rules: Rules): { targets: Set<string>; chains: Set<string> } {
  const targets = new Set<string>();
  const chains = new Set<string>();
  for (const [key, text] of rules.entries()) {
    const [family = '', table = '', kind, ...name] = key.split('/');
    if (kind === 'chain') chains.add(`${family} ${table} ${name.join('/')}`);
    for (const match of text.matchAll(/ -[jg] (KUBE-\S+)/g)) {
      targets.add(`${family} ${table} ${match[1] ?? ''}`);
    }
  }
  return { targets, chains };
}

test('every jump leads to a chain, and every chain of a Service is led to', () => {
  fc.assert(
    fc.property(fc.array(arbitraryServicePort(), { maxLength: 40 }), (ports) => {
      const { targets, chains } = jumpTargets(renderIptables(snapshotOf(ports)).rules);
      for (const target of targets) assert.ok(chains.has(target), `no chain ${target}`);
      for (const chain of chains) {
        const isEntry = /KUBE-(?:MARK-MASQ|REJECT)$/.test(chain);
        assert.ok(isEntry || targets.has(chain), `nothing leads to ${chain}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('no chain name is longer than the kernel allows', () => {
  fc.assert(
    fc.property(fc.array(arbitraryServicePort(), { maxLength: 60 }), (ports: ServicePort[]) => {
      for (const chain of jumpTargets(renderIptables(snapshotOf(ports)).rules).chains) {
        const name = chain.split(' ')[2] ?? '';
        assert.ok(name.length <= 28, name);
      }
    }),
    { numRuns: 60 },
  );
});
