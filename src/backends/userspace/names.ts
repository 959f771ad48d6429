/** What is ours in userspace mode beside sets, routes and rules: entries of the relay's table. */
import {
  printDestination,
  printNodePorts,
  printRemoval,
  printService,
} from '../../plan/relayTable.ts';
import type { RelayDestination, RelayNodePorts, RelayService } from '../../plan/relayTable.ts';
import type { ObjectKey } from '../backend.ts';
import type { NamedObject, SetName } from '../sets/names.ts';

export const SET_NAMES: readonly SetName[] = [
  ...(['KUBE-VIP', 'KUBE-VIP-PORT', 'KUBE-VIP-DROP', 'KUBE-VIP-REFUSE'] as const),
  ...(['KUBE-GUARD', 'KUBE-GUARD-SRC', 'KUBE-NP-TCP', 'KUBE-NP-UDP'] as const),
  ...(['KUBE-NP-DROP-TCP', 'KUBE-NP-DROP-UDP', 'KUBE-HEALTH'] as const),
];

const PREFIX = '0/relay/';

/** An entry of the relay's table; the text is its whole line. */
export function serviceObject(service: RelayService): NamedObject {
  return entryObject(printService(service));
}

export function destinationObject(destination: RelayDestination): NamedObject {
  return entryObject(printDestination(destination));
}

export function nodePortsObject(nodePorts: RelayNodePorts): NamedObject {
  return entryObject(printNodePorts(nodePorts));
}

/** By its line: `0/relay/service/default/web:http/TCP/4`. */
export function entryObject(line: string): NamedObject {
  const [verb, name] = /^no (\S+) (.*)$/.exec(printRemoval(line))?.slice(1) ?? [];
  return [`${PREFIX}${verb ?? ''}/${name ?? ''}` as ObjectKey, line];
}

/** Whether the key is one of an entry. */
export function isEntryKey(key: ObjectKey): boolean {
  return key.startsWith(PREFIX);
}
