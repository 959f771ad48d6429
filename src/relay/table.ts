/**
 * The table as a worker holds it: what clients dial, and for each Service a state that survives
 * every change of its endpoints. A change costs what it changes, whatever else there is.
 */
import { ipBytes } from './native/socketAddress.ts';
import type {
  DestinationAddress,
  RelayDestination,
  RelayLine,
  RelayProtocol,
  RelayService,
} from '../plan/relayTable.ts';

/** What a worker keeps for a Service, and what it does as the Service comes, changes and goes. */
export interface ServiceStates<State> {
  create(service: RelayService): State;
  update(state: State, service: RelayService): void;
  remove(state: State): void;
}

export interface Table<State> {
  /** Lines may come in any order: a destination counts as soon as its Service is there. */
  follow(line: RelayLine): void;
  /** Whose `ip` and `port` were dialled; the address itself before any address. */
  find(protocol: RelayProtocol, ip: Uint8Array, port: number): RelayDestination | undefined;
  /** By the name in a destination; undefined as long as there is none. */
  service(name: string): State | undefined;
  services(): Iterable<State>;
}

/** Destinations of one protocol by their address and port; any address stands under the port alone. */
interface Destinations {
  readonly ipv4: Map<number, RelayDestination>;
  readonly ipv6: Map<string, RelayDestination>;
  readonly anyIpv4: Map<number, RelayDestination>;
  readonly anyIpv6: Map<number, RelayDestination>;
}

export function createTable<State>(states: ServiceStates<State>): Table<State> {
  const byProtocol = { TCP: noDestinations(), UDP: noDestinations() };
  const services = new Map<string, State>();

  function setService(service: RelayService): void {
    const state = services.get(service.name);
    if (state === undefined) services.set(service.name, states.create(service));
    else states.update(state, service);
  }

  function removeService(name: string): void {
    const state = services.get(name);
    if (state === undefined) return;
    services.delete(name);
    states.remove(state);
  }

  return {
    follow(line) {
      switch (line.kind) {
        case 'service':
          return setService(line.service);
        case 'no-service':
          return removeService(line.name);
        case 'destination':
          return put(byProtocol[line.destination.protocol], line.destination, line.destination);
        case 'no-destination':
          return put(byProtocol[line.address.protocol], line.address, undefined);
        // Only what is served there comes to a listener.
        case 'node-ports':
        case 'no-node-ports':
          return;
      }
    },
    find(protocol, ip, port) {
      const { ipv4, ipv6, anyIpv4, anyIpv6 } = byProtocol[protocol];
      if (ip.length === 4) return ipv4.get(ipv4Key(ip, port)) ?? anyIpv4.get(port);
      return ipv6.get(ipv6Key(ip, port)) ?? anyIpv6.get(port);
    },
    service: (name) => services.get(name),
    services: () => services.values(),
  };
}

function noDestinations(): Destinations {
  return { ipv4: new Map(), ipv6: new Map(), anyIpv4: new Map(), anyIpv6: new Map() };
}

function put(
  { ipv4, ipv6, anyIpv4, anyIpv6 }: Destinations,
  { family, ip, port }: DestinationAddress,
  destination: RelayDestination | undefined,
): void {
  if (ip === undefined) return setIn(family === 4 ? anyIpv4 : anyIpv6, port, destination);
  const bytes = ipBytes(ip);
  if (family === 4) setIn(ipv4, ipv4Key(bytes, port), destination);
  else setIn(ipv6, ipv6Key(bytes, port), destination);
}

function setIn<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** One number of 48 bits: no text is made for a look-up. */
function ipv4Key([a = 0, b = 0, c = 0, d = 0]: Uint8Array, port: number): number {
  return ((a * 256 + b) * 256 + c) * 16_777_216 + d * 65_536 + port;
}

function ipv6Key(ip: Uint8Array, port: number): string {
  return String.fromCharCode(port, ...ip);
}
