/** One line of a batch is refused: the others stand, it is named, and it is tried again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, Installed, ObjectKey } from '../../../src/backends/backend.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { difference, sortedMap } from '../../../src/sorted/sortedMap.ts';
import { PartialFailure } from '../../../src/sync/partialFailure.ts';
import { syncTask } from '../../../src/sync/sync.ts';
import { snapshotOf } from '../../support/servicePorts.ts';

const WANTED: Installed = sortedMap(['a', 'b', 'c'].map((key) => [key as ObjectKey, '']));
const NEVER = new AbortController().signal;

/** A node of lines, which refuses some of them. */
function harness() {
  const held = new Set<string>();
  const refuses = new Set<string>();
  const backend: Backend = {
    mode: 'ipvs',
    render: (snapshot) => ({ snapshot, rules: WANTED }),
    read: () => Promise.resolve(sortedMap([...held].map((key) => [key as ObjectKey, '']))),
    plan: (installed, desired) => {
      const lines: string[] = [];
      const nothing = (): void => undefined;
      const added = (key: string): void => void lines.push(key);
      difference(installed, desired, { added, removed: nothing, changed: nothing });
      const run = { kind: 'run', purpose: 'lines', program: 'tool', args: [] } as const;
      const stdin = `${lines.join('\n')}\n`;
      const operation = { ...run, stdin, linesStandAlone: true } as const;
      return { operations: lines.length === 0 ? [] : [operation], reached: desired };
    },
  };
  const kernel: Kernel = {
    list: () => Promise.resolve(''),
    sysctl: () => Promise.resolve(undefined),
    apply: (operation) => {
      const lines = operation.kind === 'run' ? (operation.stdin ?? '').trim().split('\n') : [];
      for (const line of lines) if (!refuses.has(line)) held.add(line);
      const refused = lines.find((line) => refuses.has(line));
      if (refused === undefined) return Promise.resolve();
      const details = { kind: 'rejected', program: 'tool', exitCode: 0, firstLine: '' } as const;
      return Promise.reject(new KernelError('refused', { ...details, inputLine: undefined }));
    },
  };
  return { backend, kernel, held, refuses };
}

test('what is refused is named, the rest stands, and the next sync tries again', async () => {
  const { backend, kernel, held, refuses } = harness();
  const failures: (readonly string[])[] = [];
  let synced = 0;
  const task = syncTask({
    backend,
    kernel,
    decide: (last) => last ?? snapshotOf([]),
    addresses: () => '',
    endStaleFlows: () => Promise.resolve(0),
    report: {
      synced: () => (synced += 1),
      unchanged: () => undefined,
      failed: (_error, { refused }) => void failures.push(refused),
    },
    now: () => 0,
  });
  refuses.add('b');
  await assert.rejects(task.sync(false, NEVER), PartialFailure);
  assert.deepEqual([...held], ['a', 'c']);
  assert.deepEqual(failures, [['b']]);
  assert.equal(synced, 0);
  refuses.clear();
  await task.sync(false, NEVER);
  assert.deepEqual([...held], ['a', 'c', 'b']);
  assert.equal(synced, 1);
});
