/** Where objects come from and where events go, as the operator chose. */
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import { apiServerSource } from '../watch/apiServer.ts';
import { inCluster } from '../watch/cluster.ts';
import type { Cluster } from '../watch/cluster.ts';
import { connectTo } from '../watch/connection.ts';
import type { RequestObserver } from '../watch/connection.ts';
import { createEventSink, noEvents } from '../watch/events.ts';
import type { EventSink } from '../watch/events.ts';
import type { SourceObserver } from '../watch/followKind.ts';
import { manifestSource } from '../watch/manifests.ts';
import type { ObjectSource } from '../watch/source.ts';
import { systemClock } from '../watch/systemClock.ts';

export interface OpenSource {
  readonly makeSource: (observer: SourceObserver & RequestObserver) => ObjectSource;
  readonly events: EventSink;
}

/** Throws when there is no configuration to reach an API server with. */
export async function openSource(config: Config, log: Log): Promise<OpenSource> {
  const { manifests, nodeName, serviceProxyName: proxyName } = config;
  if (manifests !== undefined) {
    return {
      makeSource: () => manifestSource({ path: manifests, stdin: process.stdin, log }),
      events: noEvents,
    };
  }
  // Events, too, are told to the observer of the source.
  let requests: RequestObserver | undefined;
  const connection = connectTo(await clusterOf(config), {
    observer: { answered: (request) => requests?.answered(request) },
  });
  return {
    makeSource(observer) {
      requests = observer;
      const parts = { connection, nodeName, proxyName, log, observer };
      return apiServerSource({ ...parts, clock: systemClock, random: Math.random });
    },
    events: createEventSink({ connection, nodeName, log, now: () => Date.now() }),
  };
}

async function clusterOf({ clientConnection }: Config): Promise<Cluster> {
  const { kubeconfig, server } = clientConnection;
  if (kubeconfig === undefined) return inCluster({ environment: process.env, server });
  const { fromKubeconfig } = await import('../watch/kubeconfig.ts');
  return fromKubeconfig(kubeconfig, server);
}
