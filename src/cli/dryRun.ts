/** `fairway --dry-run`: print what the agent would do on an empty node; touch nothing. */
import type { IptablesPrograms } from '../backends/iptables/restore.ts';
import { policyFrom } from '../config/policy.ts';
import type { Config } from '../config/schema.ts';
import { buildSnapshot } from '../model/snapshot.ts';
import { FAMILIES } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { printPlan } from '../plan/print.ts';
import { sortedMap } from '../sorted/sortedMap.ts';
import { backendOf } from '../sync/backends.ts';
import { inputsOf, nodeOf } from '../sync/decide.ts';
import { problemReporter } from '../sync/problems.ts';
import { noEvents } from '../watch/events.ts';
import { feedManifests } from '../watch/manifests.ts';
import { readManifests } from '../watch/readManifests.ts';
import type { ManifestProblem } from '../watch/manifestObjects.ts';
import { KINDS } from '../watch/source.ts';
import type { Kind, ObjectSink } from '../watch/source.ts';
import { createStore } from '../watch/store.ts';
import type { Store } from '../watch/store.ts';
import { openLog } from './openLog.ts';
import { openSource } from './openSource.ts';
import { programName } from './programName.ts';

/** Resolves with the exit code once the script is written to standard output. */
export async function dryRun(config: Config): Promise<number> {
  const log = openLog({ ...config.logging, verbosity: 0 });
  const store = createStore({
    nodeName: config.nodeName,
    proxyName: config.serviceProxyName,
    startedAt: 0,
    onChange: () => undefined,
  });
  await fill(store, config, log);
  const node = nodeOf(store, config);
  const { policy, missing } = policyFrom(config, node);
  if (missing !== undefined) throw new Error(`expected ${missing.join(', ')}, found none`);
  const snapshot = buildSnapshot(inputsOf(store, { families: FAMILIES, node, policy }));
  const report = problemReporter({ log, events: noEvents });
  report(store.takeChanges().problems);
  report([...snapshot.problems.values()].flat());
  const backend = backendOf(config, programsOf(config));
  await write(printPlan(backend.plan(sortedMap(), backend.render(snapshot).rules)));
  await log.close();
  return 0;
}

/** Put everything that the source has now into the store. */
async function fill(store: Store, config: Config, log: Log): Promise<void> {
  if (config.manifests !== undefined) {
    await fillFromManifests(store, config.manifests);
    return;
  }
  const { makeSource } = await openSource(config, log);
  const unused = (): void => undefined;
  const source = makeSource({
    connected: unused,
    disconnected: unused,
    relisted: unused,
    heard: unused,
    answered: unused,
  });
  await new Promise<void>((resolve) => {
    source.start(listedAll(store, resolve));
  });
  await source.stop();
}

/** Objects with a problem count as far as they are right, as they would for the agent. */
async function fillFromManifests(store: Store, path: string): Promise<void> {
  const content = await readManifests(path, process.stdin);
  const fatal = content.problems.filter(({ isFatal }) => isFatal).map(describeProblem);
  if (fatal.length > 0) throw new Error(fatal.join(`\n${programName()}: `));
  feedManifests(content, store);
}

function describeProblem({ file, line, field, message }: ManifestProblem): string {
  return `${file}:${String(line)}: ${field === '' ? '' : `${field}: `}${message}`;
}

/** The same sink, which tells when every kind was listed. */
function listedAll(sink: ObjectSink, done: () => void): ObjectSink {
  const waiting = new Set<Kind>(KINDS);
  return {
    ...sink,
    listFinished(kind) {
      sink.listFinished(kind);
      if (waiting.delete(kind) && waiting.size === 0) done();
    },
  };
}

/** Which variant a laptop has says nothing about the nodes: plain names unless one was chosen. */
function programsOf({ iptables }: Config): IptablesPrograms {
  const infix = iptables.variant === 'auto' ? '' : `-${iptables.variant}`;
  return {
    families: FAMILIES,
    names: {
      4: { restore: `iptables${infix}-restore`, save: `iptables${infix}-save` },
      6: { restore: `ip6tables${infix}-restore`, save: `ip6tables${infix}-save` },
    },
  };
}

/** A pipe takes 64 KiB at a time; the process must not end before the rest is out. */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
