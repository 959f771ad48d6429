import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { childSeconds, toolsCpu } from '../../../src/observe/toolsCpu.ts';

test('cutime and cstime are told, whatever the program is called', () => {
  const stat = '7 (a) b) (c) S 1 7 7 0 -1 4194304 1 2 3 4 100 200 300 450 20 0 1 0 5 6 7';
  assert.equal(childSeconds(stat), 7.5);
});

test('what a child has spent is counted once it has ended', async () => {
  const registry = new Registry();
  toolsCpu(registry);
  async function total(): Promise<number> {
    return Number(/^fairway_tools_cpu_seconds_total (\S+)$/m.exec(await registry.metrics())?.[1]);
  }
  const before = await total();
  // As much as takes several of the clock's ticks.
  spawnSync('sh', ['-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done']);
  assert.ok((await total()) > before);
});
