import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as soon } from 'node:timers/promises';
import { liveConfig } from '../../../src/cli/liveConfig.ts';
import type { LiveConfig } from '../../../src/cli/liveConfig.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Loaded } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

const ENVIRONMENT = { nodeName: 'node-1', hostname: 'h' };

function loaded(mode: string): Loaded {
  return loadConfig({ 'proxy-mode': mode }, ENVIRONMENT);
}

function configOf(mode: string): Config {
  const { config } = loaded(mode);
  assert.ok(config);
  return config;
}

interface Fixture {
  readonly live: LiveConfig;
  readonly said: readonly string[];
  readonly applied: readonly string[];
  /** What the files give from now on. */
  put(next: Loaded): Promise<void>;
  /** Whether the node lets a mode be applied. */
  allow: (mode: string) => Promise<void>;
}

function fixture(): Fixture {
  const [said, applied]: [string[], string[]] = [[], []];
  let files = loaded('iptables');
  const say = (message: string, fields?: object): void => {
    said.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const parts: { allow: Fixture['allow'] } = { allow: () => Promise.resolve() };
  const live = liveConfig({
    config: configOf('iptables'),
    log: { error: say, warn: say, info: say, debug: say },
    read: () => Promise.resolve(files),
    async apply({ mode }, changed) {
      await parts.allow(mode);
      applied.push(`${mode}: ${changed.join()}`);
    },
  });
  return Object.assign(parts, {
    ...{ live, said, applied },
    async put(next: Loaded) {
      files = next;
      live.mayHaveChanged();
      for (let turn = 0; turn < 5; turn += 1) await soon();
    },
  });
}

test('what changed is applied once, and told', async () => {
  const { put, applied, said } = fixture();
  await put(loaded('userspace'));
  await put(loaded('userspace'));
  assert.deepEqual(applied, ['userspace: mode']);
  assert.deepEqual(said, [
    'configuration changed {"fields":"mode"}',
    'going on under the new configuration {"mode":"userspace"}',
  ]);
});

test('what the operator should know of it is told again', async () => {
  const { put, said } = fixture();
  const note = { level: 'warn', message: 'unknown field', fields: { field: 'x' } } as const;
  await put({ config: configOf('ipvs'), notes: [note] });
  assert.ok(said.includes('unknown field {"field":"x"}'), said.join('; '));
});

test('a file that is touched but the same changes nothing', async () => {
  const { put, applied, said } = fixture();
  await put(loaded('iptables'));
  assert.deepEqual([applied, said], [[], []]);
});

test('an invalid one is refused once with the reason, and the one before stays', async () => {
  const { put, applied, said } = fixture();
  const wrong = loaded('nftables');
  await put(wrong);
  await put(wrong);
  assert.deepEqual(applied, []);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^configuration refused, the one before stays .*nftables/);
  await put(loaded('ipvs'));
  assert.deepEqual(applied, ['ipvs: mode']);
});

test('one that the node cannot follow is refused, and tried again only when it changes', async () => {
  const parts = fixture();
  parts.allow = (mode) =>
    mode === 'ipvs' ? Promise.reject(new Error('no ip_vs here')) : Promise.resolve();
  await parts.put(loaded('ipvs'));
  await parts.put(loaded('ipvs'));
  assert.deepEqual(
    parts.said.filter((line) => line.startsWith('configuration refused')),
    ['configuration refused, the one before stays {"reason":"no ip_vs here"}'],
  );
  await parts.put(loaded('userspace'));
  assert.deepEqual(parts.applied, ['userspace: mode']);
});

test('never two at once; what changes meanwhile comes next, and nothing after the end', async () => {
  const parts = fixture();
  const first = Promise.withResolvers<undefined>();
  parts.allow = (mode) =>
    mode === 'ipvs' ? first.promise.then(() => undefined) : Promise.resolve();
  await parts.put(loaded('ipvs'));
  await parts.put(loaded('userspace'));
  assert.deepEqual(parts.applied, []);
  first.resolve(undefined);
  for (let turn = 0; turn < 10; turn += 1) await soon();
  assert.deepEqual(parts.applied, ['ipvs: mode', 'userspace: mode']);
  await parts.live.stop();
  await parts.put(loaded('iptables'));
  assert.equal(parts.applied.length, 2);
});
