import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { FlagValues } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Fields, Log } from '../../../src/observe/log.ts';
import { nodeSettings, setUpNode } from '../../../src/sync/nodeSetup.ts';
import type { NodeSetupFacts } from '../../../src/sync/nodeSetup.ts';

const CONNTRACK = 'net.netfilter.nf_conntrack_';

function configOf(flags: FlagValues = {}): Config {
  const loaded = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
  assert.ok(loaded.config !== undefined, String(loaded.problems));
  return loaded.config;
}

/** A machine as the kernel sets it up. */
const KERNEL_DEFAULTS = {
  max: '65536',
  buckets: '65536',
  tcp_timeout_established: '432000',
  tcp_timeout_close_wait: '60',
  udp_timeout: '30',
  udp_timeout_stream: '120',
};

function factsOf(sysctls: object = {}, rest: Partial<NodeSetupFacts> = {}): NodeSetupFacts {
  const values = Object.entries<string>({ ...KERNEL_DEFAULTS, ...sysctls });
  const named = values.map(([name, value]) => [CONNTRACK + name, value] as const);
  return { processors: 2, sysctls: new Map(named), oomScoreAdj: -999, ...rest };
}

/** What is to be set, by name behind the common part. */
function settings(flags: FlagValues, facts: NodeSetupFacts): Readonly<Record<string, string>> {
  const { sysctls } = nodeSettings(configOf(flags), facts);
  return Object.fromEntries(
    sysctls.map(({ name, value }) => [name.slice(CONNTRACK.length), value]),
  );
}

test('with its defaults the agent sets what kube-proxy sets', () => {
  assert.deepEqual(settings({}, factsOf()), {
    max: '131072',
    tcp_timeout_established: '86400',
    tcp_timeout_close_wait: '3600',
  });
});

interface SizeCase {
  readonly title: string;
  readonly flags?: FlagValues;
  readonly processors: number;
  readonly max: string | undefined;
}

const SIZES: readonly SizeCase[] = [
  { title: 'few processors get the least', processors: 4, max: '131072' },
  { title: 'more get a share for each', processors: 8, max: '262144' },
  { title: 'up to the limit', processors: 32, max: '1048576' },
  { title: 'and no more', processors: 256, max: '1048576' },
  {
    title: 'above the limit the least does not count',
    flags: { 'conntrack-min': '2000000' },
    processors: 64,
    max: '1048576',
  },
  {
    title: 'below it, it does',
    flags: { 'conntrack-min': '2000000' },
    processors: 8,
    max: '2000000',
  },
  {
    title: "0 for each leaves the kernel's, whatever the least is",
    flags: { 'conntrack-max-per-core': '0' },
    processors: 8,
    max: undefined,
  },
];

for (const { title, flags = {}, processors, max } of SIZES) {
  test(`conntrack's size: ${title}`, () => {
    const { max: set, buckets } = settings(flags, factsOf({ buckets: '1024' }, { processors }));
    assert.equal(set, max);
    assert.equal(buckets, max === undefined ? undefined : String(Number(max) / 4));
  });
}

test('a node that has room for more keeps it', () => {
  const found = settings({}, factsOf({ max: '500000', buckets: '125000' }));
  assert.deepEqual([found['max'], found['buckets']], [undefined, undefined]);
});

test('times are set up and down, in whole seconds, and 0 leaves them', () => {
  const flags = {
    'conntrack-tcp-timeout-established': '0s',
    'conntrack-tcp-timeout-close-wait': '20s',
    'conntrack-udp-timeout': '1500ms',
    'conntrack-udp-timeout-stream': '300ms',
  };
  const { max: _max, ...times } = settings(flags, factsOf());
  assert.deepEqual(times, {
    tcp_timeout_close_wait: '20',
    udp_timeout: '1',
    udp_timeout_stream: '1',
  });
});

test('nothing is left to do where all was done before', () => {
  const done = { max: '131072', tcp_timeout_established: '86400', tcp_timeout_close_wait: '3600' };
  assert.deepEqual(nodeSettings(configOf(), factsOf(done)), {
    sysctls: [],
    oomScoreAdj: undefined,
  });
});

test('the score for memory is set where it differs', () => {
  const facts = factsOf({}, { oomScoreAdj: -997 });
  assert.equal(nodeSettings(configOf(), facts).oomScoreAdj, -999);
  assert.equal(nodeSettings(configOf({ 'oom-score-adj': '-997' }), facts).oomScoreAdj, undefined);
});

interface Scene {
  readonly kernel: Kernel;
  readonly log: Log;
  /** `warn node not set up net.netfilter…`, and so on. */
  readonly lines: string[];
  readonly sysctls: Map<string, string>;
  readonly listed: string[];
}

/** A node with these sysctls, of which some are read-only. */
function scene(readOnly: readonly string[] = [], sysctls = new Map(factsOf().sysctls)): Scene {
  const lines: string[] = [];
  const listed: string[] = [];
  const add =
    (level: string) =>
    (message: string, fields: Fields = {}): void =>
      void lines.push([level, message, fields['sysctl'], fields['value']].join(' ').trim());
  const log = { error: add('error'), warn: add('warn'), info: add('info'), debug: add('debug') };
  const kernel: Kernel = {
    apply(operation) {
      assert.equal(operation.kind, 'sysctl');
      if (readOnly.includes(operation.name)) {
        const details = { program: 'sysctl', exitCode: undefined, firstLine: 'EROFS' };
        return Promise.reject(
          new KernelError(
            `could not set ${operation.name}`,
            { ...details, kind: 'not-permitted', inputLine: undefined },
            undefined,
          ),
        );
      }
      sysctls.set(operation.name, operation.value);
      return Promise.resolve();
    },
    list(program) {
      listed.push(program);
      return Promise.resolve('');
    },
    sysctl: (name) => Promise.resolve(sysctls.get(name)),
  };
  return { kernel, log, lines, sysctls, listed };
}

/** A process that takes what it is told. */
function processOf(score: number) {
  const state = { score };
  const own = {
    processors: 2,
    oomScoreAdj: () => Promise.resolve(state.score),
    setOomScoreAdj(value: number) {
      state.score = value;
      return Promise.resolve();
    },
  };
  return { own, state };
}

test('each value is set and told; the second time there is nothing to set', async () => {
  const { kernel, log, lines, sysctls } = scene();
  const { own, state } = processOf(0);
  await setUpNode(configOf(), kernel, log, own);
  assert.equal(sysctls.get(`${CONNTRACK}max`), '131072');
  assert.equal(state.score, -999);
  assert.deepEqual(lines, [
    `info node set up ${CONNTRACK}max 131072`,
    `info node set up ${CONNTRACK}tcp_timeout_established 86400`,
    `info node set up ${CONNTRACK}tcp_timeout_close_wait 3600`,
  ]);
  lines.length = 0;
  await setUpNode(configOf(), kernel, log, own);
  assert.deepEqual(lines, []);
});

test('what cannot be set is one warning, and the rest is set', async () => {
  const { kernel, log, lines, sysctls } = scene([`${CONNTRACK}max`]);
  await setUpNode(configOf(), kernel, log, processOf(-999).own);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('warn')),
    [`warn node not set up ${CONNTRACK}max 131072`],
  );
  assert.equal(sysctls.get(`${CONNTRACK}tcp_timeout_close_wait`), '3600');
});

test('told to be strict, it ends there', async () => {
  const { kernel, log } = scene([`${CONNTRACK}max`]);
  const config = configOf({ 'conntrack-strict': 'true' });
  await assert.rejects(setUpNode(config, kernel, log, processOf(-999).own), KernelError);
});

test('told to be strict, a read-only node that has all already is no trouble', async () => {
  const done = { max: '131072', tcp_timeout_established: '86400', tcp_timeout_close_wait: '3600' };
  const { sysctls } = factsOf(done);
  const { kernel, log } = scene([...sysctls.keys()], new Map(sysctls));
  await setUpNode(configOf({ 'conntrack-strict': 'true' }), kernel, log, processOf(-999).own);
});

test('conntrack is loaded first where its sysctls are not there yet', async () => {
  const { kernel, log, listed } = scene([], new Map());
  await setUpNode(configOf(), kernel, log, processOf(-999).own);
  assert.deepEqual(listed, ['conntrack']);
});

test('a score that may not be set is no reason to warn', async () => {
  const { kernel, log, lines } = scene();
  const details = { program: 'oom_score_adj', exitCode: undefined, firstLine: 'EACCES' };
  const own = {
    ...processOf(0).own,
    setOomScoreAdj: () =>
      Promise.reject(
        new KernelError('no', { ...details, kind: 'not-permitted', inputLine: undefined }, 0),
      ),
  };
  await setUpNode(configOf({ 'conntrack-strict': 'true' }), kernel, log, own);
  assert.equal(lines.at(-1), 'info oom_score_adj stays as it is');
});
