/**
 * HealthCheckNodePort listeners: on a Service's own port, a load balancer learns whether this node
 * has endpoints of it (type LoadBalancer with externalTrafficPolicy Local).
 */
import type { ObjectReference, ServiceHealth, ServiceKey } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import { difference, sortedMap } from '../sorted/sortedMap.ts';
import type { SortedMap } from '../sorted/sortedMap.ts';
import { jsonAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { ListenError, listen } from './listen.ts';
import type { Listener } from './listen.ts';

export interface ServiceHealthServers {
  /**
   * Open and close listeners until they are those of `health`, and answer with its counts from now
   * on. A port that cannot be bound is reported once and tried again by each later call.
   */
  apply(health: SortedMap<ServiceKey, ServiceHealth>): Promise<void>;
  /** Close all; resolves when the answers under way are out. Not to be used while `apply` runs. */
  close(): Promise<void>;
}

export interface ServiceHealthOptions {
  /** Where to listen, by family; a family that is not programmed has no addresses. */
  readonly addresses: Readonly<Record<Family, readonly string[]>>;
  /** Whether the agent keeps up; the eligibility of the node does not count here. */
  readonly isAlive: () => boolean;
  /** A Service's port could not be bound. */
  readonly onFailure: (service: ObjectReference, error: ListenError) => void;
}

interface Place {
  readonly family: Family;
  readonly host: string;
}

/** The listeners of one Service on one port; the counts change while they live. */
interface Server {
  health: ServiceHealth;
  readonly open: Map<Place, Listener>;
  isFailureReported: boolean;
}

export function createServiceHealth(options: ServiceHealthOptions): ServiceHealthServers {
  const places = placesOf(options.addresses);
  const servers = new Map<ServiceKey, Server>();
  const incomplete = new Set<Server>();
  let applied = sortedMap<ServiceKey, ServiceHealth>();

  function start(key: ServiceKey, health: ServiceHealth): void {
    const server: Server = { health, open: new Map(), isFailureReported: false };
    servers.set(key, server);
    incomplete.add(server);
  }

  function stop(key: ServiceKey): Promise<unknown> {
    const server = servers.get(key);
    if (server === undefined) return Promise.resolve();
    servers.delete(key);
    incomplete.delete(server);
    return Promise.all([...server.open.values()].map((listener) => listener.close()));
  }

  function change(key: ServiceKey, health: ServiceHealth): void {
    const server = servers.get(key);
    if (server?.health.port === health.port) {
      server.health = health;
      return;
    }
    // Not awaited: the port is free at once, and slow clients must not hold up the sync.
    void stop(key);
    start(key, health);
  }

  return {
    async apply(health) {
      // All that closes does so before anything opens: two Services may have swapped their ports.
      difference(applied, health, {
        removed: (key) => void stop(key),
        changed: (key, _before, after) => {
          change(key, after);
        },
        added: start,
      });
      applied = health;
      for (const server of incomplete) {
        if (await isComplete(server, places, options)) incomplete.delete(server);
      }
    },
    async close() {
      await Promise.all([...servers.keys()].map(stop));
      applied = sortedMap();
    },
  };
}

function placesOf(addresses: ServiceHealthOptions['addresses']): readonly Place[] {
  const v4 = addresses[4].map((host) => ({ family: 4, host }) as const);
  const v6 = addresses[6].map((host) => ({ family: 6, host }) as const);
  return [...v4, ...v6];
}

/** Open what is not open yet; false when some of it could not be. */
async function isComplete(
  server: Server,
  places: readonly Place[],
  options: ServiceHealthOptions,
): Promise<boolean> {
  for (const place of places) {
    if (server.open.has(place)) continue;
    try {
      server.open.set(place, await openListener(server, place, options.isAlive));
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      if (!server.isFailureReported) options.onFailure(server.health.reference, error);
      server.isFailureReported = true;
    }
  }
  return server.open.size === places.length;
}

function openListener(
  server: Server,
  { family, host }: Place,
  isAlive: () => boolean,
): Promise<Listener> {
  return listen({
    host,
    port: server.health.port,
    // The IPv4 listener on the same port has counts of its own.
    isIpv6Only: family === 6,
    advice: 'load balancers see this node as without endpoints of the Service until it is free',
    answer: () => countAnswer(server.health, family, isAlive()),
  });
}

/** kube-proxy's answer, key by key, for any path and method. */
function countAnswer(health: ServiceHealth, family: Family, isAlive: boolean): Answer {
  const { namespace, name } = health.reference;
  const count = health.localEndpoints[family];
  return jsonAnswer(
    count > 0 && isAlive,
    { service: { namespace, name }, localEndpoints: count, serviceProxyHealthy: isAlive },
    { 'X-Load-Balancing-Endpoint-Weight': String(count) },
  );
}
