import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, judgeMemory, triesFor } from '../../lab/scenario/judge.ts';
import { flowSchema } from '../../lab/scenario/schema.ts';
import type { Flow } from '../../lab/scenario/schema.ts';
import type { Outcome } from '../../lab/traffic/messages.ts';

const REFUSED: Outcome = { kind: 'refused', ms: 1 };
const SILENCE: Outcome = { kind: 'silence', ms: 400 };

function flow(fields: object): Flow {
  return flowSchema.parse({ from: 'client', to: '10.96.0.10:80', ...fields });
}

function answer(address: string, source = '192.0.2.100', member = 'pod'): Outcome {
  const greeting = { member, at: { address, port: 8080 }, source: { address: source, port: 4000 } };
  return { kind: 'answer', ms: 1, greeting };
}

const POD1A = answer('10.244.1.11');
const POD1B = answer('10.244.1.12');

describe('judge', () => {
  const table: readonly [string, object, Outcome[], string[]][] = [
    ['all expected servers answered', { expect: ['pod1a', 'pod1b'] }, [POD1A, POD1B, POD1A], []],
    ['one never answered', { expect: ['pod1a', 'pod1b'] }, [POD1A], ['never reached pod1b']],
    ['a stranger answered', { expect: ['pod1a'] }, [POD1A, POD1B], ['got pod1b']],
    ['one try was refused', { expect: ['pod1a'] }, [POD1A, REFUSED], ['got refused']],
    ['refused as expected', { expect: 'reject' }, [REFUSED], []],
    [
      'silent where refusal was due',
      { expect: 'reject' },
      [SILENCE],
      ['got silence instead of reject'],
    ],
    [
      'refused where silence was due',
      { expect: 'drop' },
      [REFUSED],
      ['got refused instead of drop'],
    ],
    [
      'the internet answered for a Service address',
      { expect: 'drop' },
      [answer('10.96.0.10', '192.0.2.100', 'internet')],
      ['got internet instead of drop'],
    ],
    [
      'the source was masqueraded behind the bridge of the node',
      { expect: ['pod1a'], source: 'client' },
      [answer('10.244.1.11', '10.244.1.1')],
      ['server saw node1 instead of client'],
    ],
    [
      'a sticky client was moved',
      { expect: ['pod1a', 'pod1b'], sticky: true },
      [POD1A, POD1B],
      ['client x was moved: pod1a, pod1b'],
    ],
    ['a sticky client stayed', { expect: ['pod1a', 'pod1b'], sticky: true }, [POD1A, POD1A], []],
  ];
  for (const [title, fields, outcomes, problems] of table) {
    test(title, () => {
      assert.deepEqual(judge(flow(fields), new Map([['x', outcomes]])), problems);
    });
  }
});

describe('judgeMemory', () => {
  const before = new Map([['x', 'pod1a']]);
  const stays = new Map([['x', 'pod1a']]);
  const moves = new Map([['x', 'pod1b']]);

  test('a client that moved breaks sameAs and satisfies unlike', () => {
    const expect = ['pod1a', 'pod1b'];
    assert.deepEqual(judgeMemory(flow({ expect, sameAs: 'a' }), moves, before), [
      '1 clients moved, x from pod1a to pod1b',
    ]);
    assert.deepEqual(judgeMemory(flow({ expect, unlike: 'a' }), moves, before), []);
  });

  test('a client that stayed breaks unlike and satisfies sameAs', () => {
    const expect = ['pod1a', 'pod1b'];
    assert.deepEqual(judgeMemory(flow({ expect, sameAs: 'a' }), stays, before), []);
    assert.deepEqual(judgeMemory(flow({ expect, unlike: 'a' }), stays, before), [
      'every client is answered as before',
    ]);
  });
});

test('tries leave less than one chance in a million to miss a server', () => {
  for (const servers of [2, 3, 6, 50]) {
    const missed = servers * (1 - 1 / servers) ** triesFor(servers);
    assert.ok(missed <= 1e-6, `${String(servers)} servers`);
  }
});
