import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuSeconds, megabytes, syncDurations } from '../../bench/procfs.ts';

test('processor time, whatever the program is called', () => {
  const stat = '42 (a) R (b) S 1 42 42 0 -1 4194304 9 0 0 0 150 25 300 50 20 0 11 0 99';
  assert.deepEqual(cpuSeconds(stat), { own: 1.75, tools: 3.5 });
});

test('resident memory, now and at its highest', () => {
  const status = 'Name:\tnode\nVmHWM:\t  250000 kB\nVmRSS:\t  125000 kB\nThreads:\t11\n';
  assert.deepEqual(megabytes(status), { now: 128, peak: 256 });
});

test('a process that has ended has no memory, and that is said', () => {
  assert.throws(() => megabytes('Name:\tnode\nState:\tZ (zombie)\n'), /VmRSS/);
});

test('syncs are taken from among other log lines', () => {
  const log = [
    '{"ts":"2026-01-01T00:00:00Z","level":"info","msg":"listed","kind":"Node","ms":7}',
    '{"ts":"2026-01-01T00:00:01Z","level":"info","msg":"synced","services":1,"full":true,"ms":310}',
    '{"ts":"2026-01-01T00:00:02Z","level":"info","msg":"synced","services":1,"full":false,"ms":12}',
  ];
  assert.deepEqual(syncDurations(log.join('\n')), [310, 12]);
});
