/** The agent's source against the fake API server, with everything that it does recorded. */
import type { TestContext } from 'node:test';
import type { Fields, Log } from '../../src/observe/log.ts';
import { apiServerSource } from '../../src/watch/apiServer.ts';
import type { Cluster } from '../../src/watch/cluster.ts';
import { connectTo } from '../../src/watch/connection.ts';
import { fromKubeconfig } from '../../src/watch/kubeconfig.ts';
import { objectName } from '../../src/watch/objectName.ts';
import type { Kind, ObjectName, ObjectSink } from '../../src/watch/source.ts';
import { systemClock } from '../../src/watch/systemClock.ts';
import type { FakeApiServer } from './fakeApiServer.ts';

export interface ClientOptions {
  /** Instead of a kubeconfig without credentials. */
  readonly cluster?: Cluster;
  /** As --service-proxy-name has it. */
  readonly proxyName?: string;
  readonly inactivityMs?: number;
  /** A watch that lasted so long is a success; 0 when absent, so that no test has to wait. */
  readonly healthyMs?: number;
}

export interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Fields;
}

export interface FakeClient {
  /** The objects that the sink holds now. */
  readonly objects: Readonly<Record<Kind, ReadonlyMap<ObjectName, unknown>>>;
  /** `connected Service`, `listFinished Node`, `remove Service default/a`, ... in order. */
  readonly happened: readonly string[];
  readonly lines: readonly LogLine[];
  /** How long each pause between attempts was to be. */
  readonly pauses: readonly number[];
  /** Resolves once the condition holds; looks again whenever anything happens. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Start a source that feeds a recording sink; it is stopped after the test. */
export async function startClient(
  test: TestContext,
  server: FakeApiServer,
  options: ClientOptions = {},
): Promise<FakeClient> {
  const cluster = options.cluster ?? (await fromKubeconfig(await server.writeKubeconfig()));
  const { inactivityMs = 10_000, healthyMs = 0 } = options;
  const connection = connectTo(cluster, { inactivityMs });
  const happenings = happeningList();
  const recorded = recordingSink(happenings.add);
  const lines: LogLine[] = [];
  const pauses: number[] = [];
  const source = apiServerSource({
    connection,
    nodeName: 'node-1',
    proxyName: options.proxyName,
    log: recordingLog((line) => {
      lines.push(line);
      happenings.add('log');
    }),
    observer: {
      connected: (kind) => {
        happenings.add(`connected ${kind}`);
      },
      disconnected: (kind) => {
        happenings.add(`disconnected ${kind}`);
      },
      relisted: (kind) => {
        happenings.add(`relisted ${kind}`);
      },
      heard: (kind) => {
        happenings.add(`heard ${kind}`);
      },
    },
    clock: {
      now: systemClock.now,
      // Long pauses are recorded, not waited for.
      sleep: (ms, signal) => {
        pauses.push(ms);
        return systemClock.sleep(Math.min(ms, 5), signal);
      },
    },
    random: () => 0.5,
    timing: { backoff: { baseMs: 800, capMs: 30_000 }, healthyMs },
  });
  async function stop(): Promise<void> {
    await source.stop();
    connection.close();
  }
  source.start(recorded.sink);
  test.after(stop);
  return {
    objects: recorded.objects,
    happened: happenings.all,
    lines,
    pauses,
    until: happenings.until,
    stop,
  };
}

function recordingLog(add: (line: LogLine) => void): Log {
  function at(level: keyof Log) {
    return (message: string, fields: Fields = {}): void => {
      add({ level, message, fields });
    };
  }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

interface HappeningList {
  readonly all: string[];
  add(what: string): void;
  until(condition: () => boolean): Promise<void>;
}

function happeningList(): HappeningList {
  const all: string[] = [];
  const waiting: { condition: () => boolean; resolve: () => void }[] = [];
  return {
    all,
    add(what) {
      all.push(what);
      for (const { condition, resolve } of waiting) if (condition()) resolve();
    },
    async until(condition) {
      if (condition()) return;
      await new Promise<void>((resolve) => {
        waiting.push({ condition, resolve });
      });
    },
  };
}

interface RecordedSink {
  readonly sink: ObjectSink;
  readonly objects: Readonly<Record<Kind, Map<ObjectName, unknown>>>;
}

function recordingSink(add: (what: string) => void): RecordedSink {
  const objects: RecordedSink['objects'] = {
    Service: new Map(),
    EndpointSlice: new Map(),
    Node: new Map(),
  };
  const unconfirmed = new Map<Kind, Set<ObjectName>>();
  const sink: ObjectSink = {
    listStarted(kind) {
      unconfirmed.set(kind, new Set(objects[kind].keys()));
      add(`listStarted ${kind}`);
    },
    put(kind, object) {
      const name = objectName(object) ?? '';
      objects[kind].set(name, object);
      unconfirmed.get(kind)?.delete(name);
      add(`put ${kind} ${name}`);
    },
    listFinished(kind) {
      for (const name of unconfirmed.get(kind) ?? []) objects[kind].delete(name);
      add(`listFinished ${kind}`);
    },
    remove(kind, name) {
      objects[kind].delete(name);
      add(`remove ${kind} ${name}`);
    },
  };
  return { sink, objects };
}
