/**
 * The way to the relay for what TPROXY cannot hand over: with br_netfilter, rules run while a packet
 * is on its bridge, and IP then throws away the socket that TPROXY gave it. So the kernel's look-up
 * of a socket is told by a small program (socketLookupProgram.ts) which destinations are the relay's.
 */
import { closeSync, openSync } from 'node:fs';

import {
  HASH,
  LONGEST_PREFIX,
  NO_PREALLOCATION,
  SK_LOOKUP,
  SK_LOOKUP_PROGRAM,
  SOCKETS,
  attachToNetwork,
  createMap,
  elementsOf,
  loadProgram,
} from './native/bpf.ts';
import type { Elements } from './native/bpf.ts';
import { AF_INET, AF_INET6 } from './native/constants.ts';
import type { Descriptors } from './native/descriptors.ts';
import { ipBytes } from './native/socketAddress.ts';
import type { Listeners } from './openListeners.ts';
import { DESTINATION, PREFIX, socketLookupProgram } from './socketLookupProgram.ts';
import type { LookupMaps } from './socketLookupProgram.ts';
import type { Family } from '../net/family.ts';
import { FAMILIES } from '../net/family.ts';
import { parseLine } from '../plan/relayTable.ts';
import type { DestinationAddress, RelayProtocol } from '../plan/relayTable.ts';

export interface SocketLookup {
  /** The descriptor by which it is there: those of the listeners must be higher. */
  readonly fd: number;
  /** Where it leads from now on. Throws a SystemError. */
  leadTo(listeners: Pick<Listeners, 'tcp' | 'udp'>): void;
  /** Lines of the table that workers are about to follow: what goes must go first. */
  leave(lines: readonly string[]): void;
  /** Lines of the table that workers follow now. Throws a SystemError when there is no room. */
  enter(lines: readonly string[]): void;
}

/** Ten times what 10,000 Services with two families have. It takes 4 MB of the kernel, full or empty. */
const MOST_DESTINATIONS = 262_144;
const MOST_PREFIXES = 1024;

const PROTOCOL_NUMBERS: Readonly<Record<RelayProtocol, number>> = { TCP: 6, UDP: 17 };
const FAMILY_NUMBERS: Readonly<Record<Family, number>> = { 4: AF_INET, 6: AF_INET6 };

/**
 * Leads nowhere yet. Everything is held by `descriptors` and goes with them. Open it before the
 * listeners and close it after them, or a SYN that TPROXY let pass for a listener meets none and is
 * refused. The kernel closes a killed process's descriptors from the highest to the lowest
 * (task_work_run in kernel/task_work.c, Linux 4.4 and newer). Throws a SystemError where the kernel
 * is too old (5.17 is needed) or allows no bpf(2).
 */
export function openSocketLookup(descriptors: Descriptors): SocketLookup {
  const maps = openMaps(descriptors);
  const listeners = elementsOf(maps.listeners, 4, 4);
  const fd = attach(maps, descriptors);
  return {
    fd,
    ...createFollower(maps),
    leadTo({ tcp, udp }) {
      // Pods on a bridge are this node's own clients. Of a group the lowest stays, as it is closed
      // last; the kernel chooses among the group anew.
      for (const [protocol, group] of [
        ['TCP', tcp.flat()],
        ['UDP', udp],
      ] as const) {
        const inside = group.filter(({ side }) => side === 'inside');
        for (const { fd, family } of inside.toSorted((a, b) => b.fd - a.fd)) {
          setListener(listeners, listenerIndex(protocol, family), fd);
        }
      }
    },
  };
}

function openMaps(descriptors: Descriptors): LookupMaps {
  const open = (options: Parameters<typeof createMap>[0]): number =>
    descriptors.hold(createMap(options));
  return {
    destinations: open({
      ...{ type: HASH, name: 'fw_destinations', flags: NO_PREALLOCATION },
      ...{ keyBytes: DESTINATION.bytes, valueBytes: 4, most: MOST_DESTINATIONS },
    }),
    nodePortAddresses: open({
      ...{ type: LONGEST_PREFIX, name: 'fw_node_ports', flags: NO_PREALLOCATION },
      ...{ keyBytes: PREFIX.bytes, valueBytes: 4, most: MOST_PREFIXES },
    }),
    listeners: open({ type: SOCKETS, name: 'fw_listeners', keyBytes: 4, valueBytes: 4, most: 4 }),
  };
}

function setListener({ key, value, set }: Elements, index: number, fd: number): void {
  key.view.setUint32(0, index, true);
  value.view.setUint32(0, fd, true);
  set();
}

function listenerIndex(protocol: RelayProtocol, family: Family): number {
  return (protocol === 'TCP' ? 0 : 2) + (family === 4 ? 0 : 1);
}

function attach(maps: LookupMaps, descriptors: Descriptors): number {
  const program = descriptors.hold(
    loadProgram({
      ...{ type: SK_LOOKUP_PROGRAM, attachType: SK_LOOKUP, name: 'fairway' },
      instructions: socketLookupProgram(maps),
    }),
  );
  const network = openSync('/proc/thread-self/ns/net', 'r');
  try {
    return descriptors.hold(attachToNetwork(program, network, SK_LOOKUP));
  } finally {
    closeSync(network);
  }
}

function createFollower(maps: LookupMaps): Pick<SocketLookup, 'leave' | 'enter'> {
  const destinations = elementsOf(maps.destinations, DESTINATION.bytes, 4);
  const prefixes = elementsOf(maps.nodePortAddresses, PREFIX.bytes, 4);
  /** In `prefixes`, by family. */
  const ranges: Record<Family, readonly string[]> = { 4: [], 6: [] };

  function setRanges(family: Family, next: readonly string[]): void {
    for (const range of next) {
      writePrefix(prefixes, family, range);
      prefixes.set();
    }
    for (const range of ranges[family]) {
      if (next.includes(range)) continue;
      writePrefix(prefixes, family, range);
      prefixes.remove();
    }
    ranges[family] = next;
  }

  for (const family of FAMILIES) setRanges(family, [EVERYWHERE[family]]);
  return {
    leave(lines) {
      for (const text of lines) {
        if (!text.startsWith('no destination ')) continue;
        const line = parseLine(text);
        if (line?.kind !== 'no-destination') continue;
        writeDestination(destinations, line.address);
        destinations.remove();
      }
    },
    enter(lines) {
      for (const text of lines) {
        const line = text.startsWith('service ') ? undefined : parseLine(text);
        if (line?.kind === 'node-ports') setRanges(line.nodePorts.family, line.nodePorts.at);
        if (line?.kind === 'no-node-ports') setRanges(line.family, [EVERYWHERE[line.family]]);
        if (line?.kind !== 'destination') continue;
        const { protocol, family } = line.destination;
        writeDestination(destinations, line.destination);
        destinations.value.view.setUint32(0, listenerIndex(protocol, family), true);
        destinations.set();
      }
    },
  };
}

const EVERYWHERE: Readonly<Record<Family, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

function writeDestination(
  { key }: Elements,
  { protocol, family, ip, port }: DestinationAddress,
): void {
  key.bytes.fill(0);
  if (ip !== undefined) key.bytes.set(ipBytes(ip));
  key.view.setUint16(DESTINATION.portAt, port, true);
  key.view.setUint8(DESTINATION.protocolAt, PROTOCOL_NUMBERS[protocol]);
  key.view.setUint8(DESTINATION.familyAt, FAMILY_NUMBERS[family]);
}

function writePrefix({ key }: Elements, family: Family, range: string): void {
  const [ip = '', bits] = range.split('/');
  key.bytes.fill(0);
  key.view.setUint32(0, PREFIX.addressFromBit + Number(bits), true);
  key.view.setUint32(PREFIX.familyAt, FAMILY_NUMBERS[family], true);
  key.bytes.set(ipBytes(ip), PREFIX.addressAt);
}
