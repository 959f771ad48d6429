import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Log } from '../../../src/observe/log.ts';
import { manifestSource } from '../../../src/watch/manifests.ts';
import { objectName } from '../../../src/watch/objectName.ts';
import { readManifests } from '../../../src/watch/readManifests.ts';
import type { ObjectSink } from '../../../src/watch/source.ts';

const TIMEOUT = { timeout: 20_000 };

function service(name: string, port = 80): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {clusterIP: 10.96.0.1, ports: [{port: ${String(port)}}]}
`;
}

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Running {
  /** The names of the last complete feed of Services. */
  names(): readonly string[];
  /** Resolves once the condition holds after a feed or log line. */
  until(condition: () => boolean): Promise<void>;
  readonly lines: string[];
}

function start(context: TestContext, path: string, stdin = Readable.from([])): Running {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let complete: readonly string[] = [];
  let current: string[] = [];
  function happened(): void {
    for (const look of waiting) look();
  }
  const add = (message: string, fields: object = {}): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
    happened();
  };
  const log: Log = { error: add, warn: add, info: add, debug: add };
  const sink: ObjectSink = {
    listStarted(kind) {
      if (kind === 'Service') current = [];
    },
    put(kind, object) {
      if (kind === 'Service') current.push(objectName(object) ?? '');
    },
    listFinished(kind) {
      if (kind === 'Service') complete = current;
    },
    remove: () => assert.fail('files are always fed as lists'),
  };
  const source = manifestSource({ path, stdin, log, debounceMs: 5 });
  source.start(sink);
  context.after(() => source.stop());
  return {
    names: () => complete,
    lines,
    until: (condition) =>
      new Promise((resolve) => {
        function look(): void {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        }
        waiting.add(look);
        look();
      }),
  };
}

function isFed(running: Running, ...names: string[]): () => boolean {
  return () => running.names().join() === names.map((name) => `default/${name}`).join();
}

test('a directory is read in the order of its names, other files are not', TIMEOUT, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'b.yaml'), service('b'));
  await writeFile(join(folder, 'a.yml'), service('a'));
  await writeFile(
    join(folder, 'c.json'),
    '{"kind":"Service","apiVersion":"v1","metadata":{"name":"c"}}',
  );
  await writeFile(join(folder, 'notes.txt'), 'no manifest');
  const running = start(t, folder);
  await running.until(isFed(running, 'a', 'b', 'c'));
});

test('edited, added and removed files take effect', TIMEOUT, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a.yaml'), service('a'));
  const running = start(t, folder);
  await running.until(isFed(running, 'a'));
  await writeFile(join(folder, 'b.yaml'), service('b'));
  await running.until(isFed(running, 'a', 'b'));
  await writeFile(join(folder, 'a.yaml'), service('c'));
  await running.until(isFed(running, 'c', 'b'));
  await rm(join(folder, 'b.yaml'));
  await running.until(isFed(running, 'c'));
});

test('a single file that an editor replaces by renaming', TIMEOUT, async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'only.yaml');
  await writeFile(path, service('a'));
  const running = start(t, path);
  await running.until(isFed(running, 'a'));
  for (const name of ['b', 'c']) {
    await writeFile(join(folder, 'new'), service(name));
    await rename(join(folder, 'new'), path);
    await running.until(isFed(running, name));
  }
});

/** As the kubelet mounts a ConfigMap: files are links through `..data`, which is swapped. */
async function mountVersion(folder: string, version: string, name: string): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, 'web.yaml'), service(name));
  await symlink(version, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
}

for (const path of ['.', 'web.yaml']) {
  test(`a mounted ConfigMap that is swapped, watched at ${path}`, TIMEOUT, async (t) => {
    const folder = await temporaryFolder(t);
    await mountVersion(folder, '..1', 'a');
    await symlink(join('..data', 'web.yaml'), join(folder, 'web.yaml'));
    const running = start(t, join(folder, path));
    await running.until(isFed(running, 'a'));
    await mountVersion(folder, '..2', 'b');
    await running.until(isFed(running, 'b'));
  });
}

test('a directory that is removed and made again', TIMEOUT, async (t) => {
  const folder = join(await temporaryFolder(t), 'inner');
  await mkdir(folder);
  await writeFile(join(folder, 'a.yaml'), service('a'));
  const running = start(t, folder);
  await running.until(isFed(running, 'a'));
  await rm(folder, { recursive: true });
  await running.until(() => running.lines.some((line) => line.includes('ENOENT')));
  assert.deepEqual(running.names(), ['default/a'], 'the last good state stays');
  await mkdir(folder);
  await writeFile(join(folder, 'b.yaml'), service('b'));
  await running.until(isFed(running, 'b'));
});

for (const [title, text] of [
  ['broken text', 'a: [1'],
  ['a wrong field', service('b', 99_999)],
  ['an object that is there twice', service('a')],
] as const) {
  test(`after ${title} the last good state stays whole`, TIMEOUT, async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'a.yaml'), service('a'));
    const running = start(t, folder);
    await running.until(isFed(running, 'a'));
    await writeFile(join(folder, 'b.yaml'), text);
    const refused = 'manifests not applied, the last good state stays';
    await running.until(() => running.lines.some((line) => line.startsWith(refused)));
    assert.deepEqual(running.names(), ['default/a']);
    const report = running.lines.find((line) => line.startsWith('bad manifest')) ?? '';
    assert.match(report, /"file":".*b\.yaml","line":\d+,"field":/);
    await writeFile(join(folder, 'b.yaml'), service('b'));
    await running.until(isFed(running, 'a', 'b'));
  });
}

test('at the start a wrong field stops no other object', TIMEOUT, async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a.yaml'), service('a', 99_999));
  await writeFile(join(folder, 'b.yaml'), service('b'));
  const running = start(t, folder);
  await running.until(isFed(running, 'a', 'b'));
});

test('standard input is read to its end', TIMEOUT, async (t) => {
  const running = start(t, '-', Readable.from([service('a'), '---\n', service('b')]));
  await running.until(isFed(running, 'a', 'b'));
});

test('a missing path is a problem of its own', async () => {
  const { objects, problems } = await readManifests('/does/not/exist', Readable.from([]));
  assert.deepEqual(objects, []);
  assert.match(problems[0]?.message ?? '', /no such file/);
});
