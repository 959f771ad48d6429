/** `kubectl apply -k` and `kubectl delete -k`, as an operator types them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { startAnyCluster } from './manifests/anyCluster.ts';
import type { AnyCluster } from './manifests/anyCluster.ts';
import { APPLICABLE, FOLDER, render, whyNoKubectl } from './manifests/render.ts';
import type { Manifest } from './manifests/render.ts';

type Overlay = (typeof APPLICABLE)[number];

const skip = whyNoKubectl();
const cluster = skip === false ? await startAnyCluster(APPLICABLE.flatMap(render)) : undefined;
/** Not the user's own: kubectl would send its credentials, and keep what it learnt of this port. */
const home = mkdtempSync(join(tmpdir(), 'fairway-kubectl-'));
after(() => {
  cluster?.close();
  rmSync(home, { recursive: true });
});

/** Rejects with what kubectl complained of. */
async function kubectl(args: readonly string[]): Promise<void> {
  const to = ['--server', cluster?.url ?? ''];
  const env = { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') };
  const child = spawn('kubectl', [...args, ...to], { env });
  const [, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${complained}`);
}

/** Validation needs the cluster's own schemas; schemas.test.ts does the same with them. */
function apply(overlay: Overlay): Promise<void> {
  return kubectl(['apply', '--validate=false', '-k', resolve(FOLDER, overlay)]);
}

/** What the cluster holds, without what API servers and kubectl note on it. */
function held({ objects }: AnyCluster): readonly Manifest[] {
  return [...objects.values()].map(withoutNotes).toSorted(byName);
}

function withoutNotes(object: Manifest): Manifest {
  const { annotations, uid, ...metadata } = object.metadata as Record<string, unknown>;
  const noted = Object.entries((annotations ?? {}) as Record<string, string>);
  const own = noted.filter(([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration');
  const left = own.length === 0 ? {} : { annotations: Object.fromEntries(own) };
  return { ...object, metadata: { ...metadata, ...left } as unknown as Manifest['metadata'] };
}

function byName(a: Manifest, b: Manifest): number {
  return `${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1;
}

/** All that is there but for what earlier configurations left, so that a roll-back finds it. */
function inUse(cluster: AnyCluster, overlay: Overlay): readonly object[] {
  const names = new Set(render(overlay).map(({ metadata: { name } }) => name));
  return held(cluster).filter(
    ({ kind, metadata: { name } }) => kind !== 'ConfigMap' || names.has(name),
  );
}

/** The commands of README's section, a line each. */
function removal(): readonly (readonly string[])[] {
  const readme = readFileSync(resolve(FOLDER, '../README.md'), 'utf8');
  const [, block = ''] = /### Remove it\n+```sh\n(.*?)```/su.exec(readme) ?? [];
  return (
    block
      .trim()
      .split('\n')
      .map((line) => line.replace(/ *#.*/, '').replace('daemonset/', `${FOLDER}/`))
      // No pod runs here.
      .filter((line) => !line.includes(' rollout '))
      .map((line) => line.replace('apply', 'apply --validate=false').split(' ').slice(1))
  );
}

describe('kubectl', { skip }, () => {
  for (const overlay of ['iptables', 'userspace', 'ipvs', 'iptables', 'beside', 'ipvs'] as const) {
    test(`apply -k ${overlay} brings what it says, whatever was there`, async () => {
      assert.ok(cluster);
      await apply(overlay);
      assert.deepEqual(inUse(cluster, overlay), render(overlay).toSorted(byName));
      cluster.takeWrites();
      await apply(overlay);
      assert.deepEqual(cluster.takeWrites(), [], 'nothing to do the second time');
    });
  }

  test('a switch changes the mode and what pods may do, and nothing else', async () => {
    assert.ok(cluster);
    await apply('userspace');
    const writes = cluster.takeWrites();
    assert.deepEqual(
      writes.filter((write) => !write.startsWith('POST ConfigMap fairway-mode-')),
      ['PATCH DaemonSet fairway'],
    );
  });

  test("README's commands remove all of it", async () => {
    assert.ok(cluster);
    assert.ok(cluster.objects.size > 0);
    for (const args of removal()) await kubectl(args);
    assert.deepEqual(held(cluster), []);
  });
});
