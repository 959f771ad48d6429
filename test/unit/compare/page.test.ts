/** The report: what it concludes from which data, and that nothing in the data can get out of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { axisOver } from '../../../src/compare/report/charts/axis.ts';
import { checkSummaries } from '../../../src/compare/report/checks.ts';
import { costOf } from '../../../src/compare/report/failures.ts';
import { printPage } from '../../../src/compare/report/html/page.ts';
import { printNumber, printSpread } from '../../../src/compare/report/numbers.ts';
import { printChecks, printFailures, printSize } from '../../../src/compare/report/terminal.ts';
import { verdict } from '../../../src/compare/report/verdict.ts';
import { reportSchema } from '../../../src/compare/schema.ts';
import type { Comparison } from '../../../src/compare/schema.ts';
import { madeUpComparison } from './madeUp.ts';

function pageOf(...comparisons: Comparison[]): string {
  return printPage({ format: 'fairway-compare-1', comparisons });
}

/** The same with fewer rounds. */
function afterRounds(rounds: number): Comparison {
  const comparison = madeUpComparison();
  const { measurements, figures } = comparison;
  return {
    ...comparison,
    measurements: measurements.filter(({ round }) => round < rounds),
    figures: figures.filter(({ round }) => round < rounds),
  };
}

describe('the verdict', () => {
  test('says what each mode costs, what grows, and what was lost', () => {
    assert.deepEqual(verdict(madeUpComparison()), [
      'A new connection, 301 us straight to the pod in the median, takes 1.10 times as long with iptables-nft and 2.00 times as long with userspace.',
      'With 1,000 other Services, iptables-nft starts in 0.11 s and needs 111 MB, its connections no slower beyond chance and userspace starts in 0.30 s and needs 301 MB, its connections 50 % slower.',
      'While an endpoint refuses, of 100 connections each iptables-nft lost 40, the last 0.39 s after the fault and userspace lost none.',
    ]);
  });

  test('does not make much of what may be chance', () => {
    const [few] = verdict(afterRounds(2));
    assert.match(few, /after so few rounds \(2\) all of that may be chance\.$/);
    const modes = [
      { id: 'direct', factor: 1, growth: 0, failed: 0 },
      { id: 'a', factor: 1.01, growth: 0, failed: 0 },
      { id: 'b', factor: 1.005, growth: 0, failed: 0 },
    ];
    const [alike] = verdict(madeUpComparison(modes));
    assert.match(
      alike,
      /what b and a adds may be chance; the difference between b and a may be chance/,
    );
  });

  test('says so where nothing was measured', () => {
    const nothing = { ...madeUpComparison(), measurements: [], figures: [], failures: [] };
    assert.deepEqual(verdict(nothing), [
      'How fast it goes was not measured.',
      'What an agent costs was not measured.',
      'Nothing was broken on purpose.',
    ]);
    assert.match(pageOf(nothing), /not measured/);
  });
});

describe('the page', () => {
  test('needs nothing else and runs nothing', () => {
    const page = pageOf(madeUpComparison());
    assert.doesNotMatch(page, /<script|src=|url\(|@import|https?:/);
    assert.match(page, /default-src 'none'/);
  });

  test('shows as text whatever the data holds', () => {
    const comparison = madeUpComparison();
    const hostile = '"><script>alert(1)</script>&\'';
    const page = pageOf({
      ...comparison,
      about: {
        ...comparison.about,
        command: hostile,
        notes: [hostile],
        versions: { [hostile]: hostile },
      },
      subjects: comparison.subjects.map((subject) => ({ ...subject, title: hostile })),
      paths: comparison.paths.map((path) => ({ ...path, title: hostile })),
      faults: comparison.faults.map((fault) => ({ ...fault, title: hostile })),
    });
    assert.doesNotMatch(page, /<script/);
    assert.match(page, /&#60;script&#62;alert/);
  });

  test('of an emulated machine tells ratios, and no speeds', () => {
    const { about, ...rest } = madeUpComparison();
    const page = pageOf({ about: { ...about, where: 'emulated' }, ...rest });
    assert.match(page, /× 2\.00/);
    assert.doesNotMatch(page, /How long it takes/);
  });

  test('has a chapter for each thing that was measured, with its numbers', () => {
    const page = pageOf(madeUpComparison());
    for (const words of ['How long it takes', 'How much goes through', 'When something breaks']) {
      assert.match(page, new RegExp(`<h2>${words}</h2>`));
    }
    // Two paths for latency of two kinds and four loads each; eight that grow; three of CPU; a fault.
    assert.equal(page.match(/<figure>/g)?.length, 4 + 8 + 8 + 3 + 1);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
  });
});

test('the terminal tells the same', () => {
  const comparison = madeUpComparison();
  assert.match(
    printSize(comparison, 0),
    /\| new connections a second, \/s +\| +4,950 \(4,902–5,000\) \|/,
  );
  assert.match(
    printChecks(comparison),
    /\| userspace: ClusterIP, from a pod +\| +0 \| +yes \| +yes \| +0 \|/,
  );
  assert.match(printFailures(comparison), /\| iptables-nft: .* 40 of 100 \|/);
});

test('what a fault cost: failures, the gap, until when', () => {
  const [run] = madeUpComparison().failures;
  assert.ok(run);
  const { attempts, failed, healedAfterMs, longestGapMs } = costOf(run);
  assert.deepEqual([attempts, failed, healedAfterMs], [100, 40, 390]);
  // From the answer at 190 ms to the one at 600 ms.
  assert.ok(longestGapMs > 409 && longestGapMs < 412, String(longestGapMs));
});

test('affinity that was not kept and an address that was not', () => {
  const comparison = madeUpComparison();
  const checks = comparison.checks.map((check) => {
    if (check.result.kind !== 'connect') return check;
    return {
      ...check,
      result: { ...check.result, servers: { a: 99, b: 1 }, seenAs: { '10.0.0.2': 100 } },
    };
  });
  for (const summary of checkSummaries({ ...comparison, checks })) {
    assert.deepEqual([summary.isAffinityKept, summary.isAddressKept], [false, false]);
    assert.ok(summary.unevenness > 90);
  }
});

test('numbers as people read them', () => {
  const printed = [0, 3, 0.1234, 12.34, 123.4, 12_345.6, NaN].map(printNumber);
  assert.deepEqual(printed, ['0', '3', '0.12', '12.3', '123', '12,346', '–']);
  assert.equal(printSpread({ median: 2, low: 1, high: 3, rounds: 3 }), '2 (1–3)');
  assert.equal(printSpread(undefined), '–');
});

test('an axis: zero is on a linear one, and a logarithmic one takes no zero amiss', () => {
  const linear = axisOver({ title: '', values: [5, 90] }, 0, 100);
  assert.deepEqual([linear.place(0), linear.ticks[0]?.at], [0, 0]);
  const log = axisOver({ title: '', values: [0, 150, 9000], isLog: true }, 0, 100);
  assert.equal(log.place(0), 0);
  assert.deepEqual(
    log.ticks.map(({ at }) => at),
    [100, 200, 500, 1000, 2000, 5000, 10_000],
  );
  assert.equal(axisOver({ title: '', values: [] }, 0, 100).place(0), 0);
});

test('a report of another format is refused, and so is one with more in it', () => {
  const comparisons = [madeUpComparison()];
  assert.ok(reportSchema.safeParse({ format: 'fairway-compare-1', comparisons }).success);
  assert.ok(!reportSchema.safeParse({ format: 'fairway-compare-2', comparisons }).success);
  assert.ok(!reportSchema.safeParse({ format: 'fairway-compare-1', comparisons, more: 1 }).success);
});
