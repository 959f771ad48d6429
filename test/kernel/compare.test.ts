/** `scripts/compare` at its smallest: every kind of figure is there, and what must be right is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { checkSummaries } from '../../src/compare/report/checks.ts';
import { attemptsOf } from '../../src/compare/report/failures.ts';
import { FIGURE_METRICS, figureOf, measured, METRICS } from '../../src/compare/report/metrics.ts';
import { reportSchema } from '../../src/compare/schema.ts';
import type { Comparison, FailureRun } from '../../src/compare/schema.ts';
import { whyNoLab } from '../lab/lab.ts';
import { isUp } from '../lab/namespaces.ts';
import { ROOT } from '../runFiles.ts';

const SMALLEST = [
  ...['--modes', 'iptables-nft,userspace', '--rounds', '1', '--seconds', '0.2'],
  ...['--services', '50', '--paths', 'pod', '--changes', '1'],
  ...['--faults', 'refusing', '--fault-rounds', '1'],
];

/** A connection that the server had when it was killed is lost in every mode: those do not count. */
const UNDER_WAY_MS = 300;

function isLostLater(
  { struckAtMs }: FailureRun,
  { atMs, failure }: { readonly atMs: number; readonly failure: string },
): boolean {
  return failure !== '' && atMs > struckAtMs + UNDER_WAY_MS;
}

describe('scripts/compare', { skip: whyNoLab() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-compare-'));
  let printed = '';
  let prefix = '';
  let comparison: Comparison;
  before(async () => {
    const command = [join(ROOT, 'test/compare/main.ts'), '--out', folder, ...SMALLEST];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    prefix = `fw${String(child.pid)}-compare`;
    const exited = once(child, 'exit');
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    printed = stdout;
    const [code] = (await exited) as unknown[];
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^ *\d+ % .* left$/m);
    const json: unknown = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'));
    const [only] = reportSchema.parse(json).comparisons;
    assert.ok(only);
    comparison = only;
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  test('every metric was measured of every subject, at every size, on every path', () => {
    const missing = comparison.subjects.flatMap(({ id: subject }) =>
      [50].flatMap((size) =>
        ['pod'].flatMap((path) =>
          METRICS.filter((metric) => !measured(comparison, metric, { subject, size, path })).map(
            ({ id }) => `${subject} ${String(size)} ${path} ${id}`,
          ),
        ),
      ),
    );
    assert.deepEqual(missing, []);
  });

  test('so was what an agent costs; the baseline has none', () => {
    for (const { id } of FIGURE_METRICS) {
      for (const subject of ['iptables-nft', 'userspace']) {
        assert.ok((figureOf(comparison, id, { subject, size: 50 })?.median ?? 0) > 0, id);
      }
      assert.equal(figureOf(comparison, id, { subject: 'direct', size: 50 }), undefined);
    }
  });

  test('no connection failed while nothing was broken', () => {
    const failed = comparison.measurements.flatMap(({ result }) =>
      'failures' in result ? result.failures.filter((failure) => failure !== '') : [],
    );
    assert.deepEqual(failed, []);
  });

  test('connections are spread over all endpoints, and affinity is kept', () => {
    const summaries = checkSummaries(comparison);
    assert.equal(summaries.length, 2);
    for (const { servers, isAffinityKept, failed } of summaries) {
      assert.deepEqual(Object.keys(servers).sort(), ['pod1b', 'pod1c', 'pod2b', 'pod2c']);
      assert.deepEqual([isAffinityKept, failed], [true, 0]);
    }
  });

  test('an endpoint that refuses costs iptables mode connections, userspace mode none', () => {
    const lost = new Map(
      comparison.failures
        .filter(({ path }) => path === 'pod')
        .map((run) => [
          run.subject,
          attemptsOf(run).filter((each) => isLostLater(run, each)).length,
        ]),
    );
    assert.ok((lost.get('iptables-nft') ?? 0) > 0);
    assert.equal(lost.get('userspace'), 0);
  });

  test('the tables have what was measured', () => {
    assert.match(printed, /new connections a second/);
    assert.match(printed, /an endpoint refuses/);
  });

  test('nothing is left', () => {
    assert.equal(isUp(prefix), false);
  });
});
