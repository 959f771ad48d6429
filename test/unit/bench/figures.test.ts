import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { figuresOf } from '../../bench/figures.ts';
import type { Measurement } from '../../bench/results.ts';

function measurement(over: Partial<Measurement> = {}): Measurement {
  return {
    services: 10_000,
    variant: 'nft',
    start: [{ firstPacket: 2400, firstSync: 1500, raw: 1000 }],
    change: [
      { landed: 40, sync: 20, raw: 10 },
      { landed: 50, sync: 30, raw: 12 },
      { landed: 90, sync: 50, raw: 14 },
    ],
    churn: { changes: 400, syncs: 18, landed: [500, 700], cpu: { own: 2, tools: 1 }, rawCpu: 0.5 },
    memory: { afterFirstSync: 150, atEnd: 160, peak: 190 },
    connections: { rules: 40, throughService: [9500], direct: [10_000] },
    ...over,
  };
}

/** What is printed of the figure whose description begins so. */
function figure(result: Measurement, what: string) {
  const found = figuresOf(result).find((each) => each.what.startsWith(what));
  assert.ok(found, `no figure ${what}`);
  const { fairway, beside, comparison, target } = found;
  return { shown: [fairway, beside, comparison], isMet: target?.isMet };
}

test('a start is compared with loading the rules', () => {
  const { shown, isMet } = figure(measurement(), 'start to first packet');
  assert.deepEqual(shown, ['2.40 s', '1.00 s', '+1.40 s']);
  assert.equal(isMet, true);
});

test('a start that is faster than the tools has one sign', () => {
  const start = [{ firstPacket: 900, firstSync: 500, raw: 1000 }];
  assert.equal(figure(measurement({ start }), 'start').shown[2], '-0.10 s');
});

test('a change is its median, with the worst below', () => {
  assert.deepEqual(figure(measurement(), 'one change, median').shown, ['50 ms', '12 ms', '+38 ms']);
  assert.deepEqual(figure(measurement(), 'one change, worst').shown, ['90 ms', '14 ms', '+76 ms']);
});

test('churn counts the agent and its tools', () => {
  const { shown } = figure(measurement(), 'the same: processor time, 18 syncs');
  assert.deepEqual(shown, ['3.0 s', '0.5 s', '+2.5 s']);
});

describe('a target is missed', () => {
  const CASES: readonly { over: Partial<Measurement>; what: string }[] = [
    { over: { start: [{ firstPacket: 2501, firstSync: 1, raw: 1000 }] }, what: 'start to' },
    { over: { change: [{ landed: 61, sync: 9, raw: 1 }] }, what: 'one change, median' },
    {
      over: { variant: 'legacy', change: [{ landed: 251, sync: 9, raw: 1 }] },
      what: 'one change, median',
    },
    {
      over: { memory: { afterFirstSync: 210, atEnd: 150, peak: 210 } },
      what: 'resident memory at the end',
    },
    {
      over: { services: 1000, connections: { rules: 9, throughService: [89], direct: [100] } },
      what: 'connections',
    },
  ];
  for (const { over, what } of CASES) {
    test(`with ${JSON.stringify(over)}`, () => {
      assert.equal(figure(measurement(over), what).isMet, false);
    });
  }
});

test('at other sizes only connections have a target', () => {
  const targets = figuresOf(measurement({ services: 1000 })).filter((each) => each.target);
  assert.equal(targets.length, 1);
});

test('ipvs mode is measured by ratios to the tools', () => {
  const ipvs = measurement({ variant: 'ipvs' });
  assert.deepEqual(figure(ipvs, 'of it the first sync').shown, ['1.50 s', '', 'x 1.50']);
  assert.equal(figure(ipvs, 'of it the first sync').isMet, true);
  assert.equal(figure(ipvs, 'one change, median').isMet, false);
});
