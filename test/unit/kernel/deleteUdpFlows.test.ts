/** How deleteUdpFlows gets along with a conntrack program that is interrupted, played by a script. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, test } from 'node:test';
import { deleteUdpFlows } from '../../../src/kernel/conntrack.ts';
import { KernelError } from '../../../src/kernel/errors.ts';

const LINE =
  'udp      17 29 src=10.0.0.1 dst=10.96.0.10 sport=4000 dport=53 src=10.0.0.9 dst=10.0.0.1 sport=5353 dport=4000 mark=0 use=1';
const FLOOD = `printf '%s\\n' '${LINE}' '${LINE.replaceAll('10.0.0.1', '10.0.0.2')}'`;
const INTERRUPTED =
  'echo "conntrack v1.4.7 (conntrack-tools): Operation failed: Interrupted system call" >&2; exit 1';
const GONE = `echo "conntrack v1.4.7 (conntrack-tools): Operation failed: such conntrack doesn't exist" >&2; exit 1`;
const NOTHING =
  'echo "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted." >&2; exit 1';

const PATH = process.env['PATH'];
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairway-conntrack-'));
  process.env['PATH'] = `${folder}:${PATH ?? ''}`;
});

afterEach(async () => {
  process.env['PATH'] = PATH;
  await rm(folder, { recursive: true });
});

/** The program's runs with -L and with -D do, one after the other, what the lists say. */
async function play(script: Readonly<Record<'-L' | '-D', readonly string[]>>): Promise<void> {
  const program = `#!/bin/sh
    echo "$1" >> ${folder}/runs
    exec sh "${folder}/$1.$(grep -c -e "$1" ${folder}/runs)"`;
  await writeFile(join(folder, 'conntrack'), program, { mode: 0o755 });
  for (const [option, steps] of Object.entries(script)) {
    for (const [index, step] of steps.entries()) {
      await writeFile(join(folder, `${option}.${String(index + 1)}`), step);
    }
  }
}

async function runs(): Promise<string> {
  return (await readFile(join(folder, 'runs'), 'utf8')).trim().replaceAll('\n', ' ');
}

function anyFlow(): boolean {
  return true;
}

test('flows that differ only in their client are deleted by one command', async () => {
  await play({ '-L': [FLOOD], '-D': [FLOOD] });
  assert.equal(await deleteUdpFlows([4], anyFlow), 2);
  assert.equal(await runs(), '-L -D');
});

test('36: an interrupted listing is tried again, then what it showed is acted upon', async () => {
  const partial = `${FLOOD}; ${INTERRUPTED}`;
  await play({ '-L': [partial, partial, partial], '-D': [FLOOD] });
  assert.equal(await deleteUdpFlows([4], anyFlow), 2);
  assert.equal(await runs(), '-L -L -L -D');
});

test('a flow that ends by itself interrupts a deletion, which is tried again', async () => {
  await play({ '-L': [FLOOD], '-D': [GONE, NOTHING] });
  assert.equal(await deleteUdpFlows([4], anyFlow), 0);
  assert.equal(await runs(), '-L -D -D');
});

test('a deletion that is interrupted each time fails', async () => {
  await play({ '-L': [FLOOD], '-D': [GONE, GONE, GONE] });
  await assert.rejects(deleteUdpFlows([4], anyFlow), KernelError);
});

test('no stale flow, no deletion', async () => {
  await play({ '-L': [FLOOD, FLOOD], '-D': [] });
  assert.equal(await deleteUdpFlows([4, 6], () => false), 0);
  assert.equal(await runs(), '-L -L');
});
