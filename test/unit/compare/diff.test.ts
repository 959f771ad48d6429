import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { diff } from '../../../src/compare/compareTool.ts';
import { differenceOf, printDifference } from '../../../src/compare/report/diff.ts';
import type { Comparison, Report } from '../../../src/compare/schema.ts';
import { madeUpComparison } from './madeUp.ts';
import type { MadeUpMode } from './madeUp.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairway-diff-'));
after(() => {
  rmSync(folder, { recursive: true });
});

function reportOf(comparison: Comparison): Report {
  return { format: 'fairway-compare-1', comparisons: [comparison] };
}

function withMode(mode: Partial<MadeUpMode> = {}): Comparison {
  return madeUpComparison([
    { id: 'direct', factor: 1, growth: 0, failed: 0 },
    { id: 'userspace', factor: 2, growth: 0, failed: 0, ...mode },
  ]);
}

const OLD = reportOf(withMode());

test('nothing changed between a report and itself', () => {
  const { changes, compared, doubts } = differenceOf(OLD, OLD);
  assert.deepEqual([changes, doubts], [[], []]);
  assert.ok(compared > 50);
});

test('a mode that became slower: worse in every metric of it, and none of the baseline', () => {
  const { changes } = differenceOf(OLD, reportOf(withMode({ factor: 2.5 })));
  assert.deepEqual(new Set(changes.map(({ verdict }) => verdict)), new Set(['worse']));
  assert.ok(changes.every(({ where }) => where.startsWith('userspace')));
  const connect = changes.find(({ what }) => what === 'new connection, p50, us');
  assert.equal(connect?.percent?.toFixed(0), '25');
  const rate = changes.find(({ what }) => what === 'new connections a second, /s');
  assert.equal(rate?.percent?.toFixed(0), '-20');
  assert.match(
    printDifference({ changes, compared: 9, doubts: ['x'] }),
    /Beware: x\.\n\d+ of 9 values/,
  );
});

test('a difference within the spread of the rounds is none, and neither is a tiny one', () => {
  assert.deepEqual(differenceOf(OLD, reportOf(withMode({ factor: 2.01 }))).changes, []);
  const sure = withMode();
  const figures = sure.figures.map((figure) => ({ ...figure, value: figure.value * 1.02 }));
  assert.deepEqual(differenceOf(OLD, reportOf({ ...sure, figures })).changes, []);
});

test('affinity that is no longer kept is a change at once', () => {
  const broken = withMode();
  const checks = broken.checks.map((check) =>
    check.check === 'affinity' && check.result.kind === 'connect'
      ? { ...check, result: { ...check.result, servers: { a: 50, b: 50 } } }
      : check,
  );
  const { changes } = differenceOf(OLD, reportOf({ ...broken, checks }));
  assert.deepEqual(
    changes.map(({ what, old, new: next, verdict }) => [what, old, next, verdict]),
    [['affinity kept', 'true', 'false', 'worse']],
  );
});

test('another kernel and too few rounds are told', () => {
  const other = withMode();
  const { doubts } = differenceOf(
    OLD,
    reportOf({
      ...other,
      about: { ...other.about, kernel: '6.12.0' },
      effort: { ...other.effort, rounds: 2 },
    }),
  );
  assert.match(doubts.join('; '), /kernel was 6\.1\.0 and is 6\.12\.0; with 2 rounds only/);
});

test('a cluster and a machine are not compared', () => {
  const cluster = withMode();
  const about = { ...cluster.about, where: 'cluster' as const };
  const { compared, doubts } = differenceOf(OLD, reportOf({ ...cluster, about }));
  assert.equal(compared, 0);
  assert.match(doubts.join(), /same kind of place/);
});

test('a file that is no report is refused with the reason', async () => {
  const [good, bad, other] = ['good', 'bad', 'other'].map((name) => join(folder, name));
  writeFileSync(good ?? '', JSON.stringify(OLD));
  writeFileSync(bad ?? '', '{');
  writeFileSync(other ?? '', '{"format":"fairway-compare-9"}');
  await assert.rejects(diff(good ?? '', bad ?? ''), /bad is no JSON/);
  await assert.rejects(diff(other ?? '', good ?? ''), /other is no report of this version/);
});
