/**
 * What is ours on the node and how it is called. The entry chains and the chains of a Service
 * carry kube-proxy's names (its hash, too), so that starting where kube-proxy ran takes its rules
 * over instead of standing beside them.
 */
import type { ObjectKey } from '../backend.ts';
import type { ServicePort } from '../../model/types.ts';
import { hash16 } from '../../net/chainName.ts';
import type { Family } from '../../net/family.ts';

export type Table = 'nat' | 'filter' | 'mangle';

/** In the order in which they are written: see restore.ts. */
export const TABLES: readonly Table[] = ['nat', 'filter', 'mangle'];

/** SVC: cluster endpoints; SVL: local ones; EXT: clients from outside; FW: source ranges. */
export type ServiceChainKind = 'SVC' | 'SVL' | 'EXT' | 'FW';

/** Without `KUBE-`. */
const OUR_CHAINS: ReadonlySet<string> = new Set([
  ...['SERVICES', 'EXTERNAL-SERVICES', 'NODEPORTS', 'POSTROUTING', 'MARK-MASQ', 'FORWARD'],
  ...['PROXY-FIREWALL', 'PROXY-CANARY'],
  // Ours alone, of any mode.
  ...['DISPATCH', 'REJECT', 'LOCALNET', 'IP', 'NP', 'NPL', 'VIP', 'CLIENTS', 'GUARD'],
  ...['RELAY', 'RELAY-OWN', 'RETURN', 'SWITCH', 'SWITCH-OWN'],
  ...['LOCALNET-WAS-OFF', 'LIBERAL-WAS-OFF', 'BRIDGE-WAS-ON', 'BRIDGE6-WAS-ON'],
  ...['ARPIGNORE-WAS-OFF', 'ARPANNOUNCE-WAS-OFF'],
  // kube-proxy's IPVS mode.
  ...['NODE-PORT', 'LOAD-BALANCER', 'SOURCE-RANGES-FIREWALL', 'IPVS-FILTER', 'IPVS-OUT-FILTER'],
]);
const OUR_PREFIX = /^(?:SVC|SVL|EXT|FW|SEP|XLB|IP|NP|HC)-/;

/** Whether a chain belongs to this proxy (kubelet's KUBE-… chains do not). */
export function isOurChain(chain: string): boolean {
  if (!chain.startsWith('KUBE-')) return false;
  const name = chain.slice('KUBE-'.length);
  return OUR_CHAINS.has(name) || OUR_PREFIX.test(name);
}

/** Only affinity sets are ours in iptables mode; kube-proxy's IPVS sets have other names. */
export function isOurSet(set: string): boolean {
  return set.startsWith('KUBE-SEP-');
}

export function chainKey(family: Family, table: Table, chain: string): ObjectKey {
  return `${String(family)}/${table}/chain/${chain}` as ObjectKey;
}

/** Our jumps in one built-in chain, all of them one object: their order matters. */
export function jumpsKey(family: Family, table: Table, chain: string): ObjectKey {
  return `${String(family)}/${table}/jumps/${chain}` as ObjectKey;
}

/** A chain of ours that somebody else's rule jumps to; it may be emptied but not deleted. */
export function heldKey(family: Family, table: Table, chain: string): ObjectKey {
  return `${String(family)}/${table}/held/${chain}` as ObjectKey;
}

export function setKey(family: Family, set: string): ObjectKey {
  return `${String(family)}/ipset/set/${set}` as ObjectKey;
}

export function sysctlKey(name: string): ObjectKey {
  return `0/sysctl/value/${name}` as ObjectKey;
}

export type KeyKind = 'chain' | 'jumps' | 'held' | 'set' | 'value';

export interface KeyParts {
  /** 0 for what has no family. */
  readonly family: Family | 0;
  /** The last three are not of this mode: see names.ts of sets, ipvs and userspace. */
  readonly table: Table | 'ipset' | 'sysctl' | 'node' | 'ipvs' | 'relay';
  readonly kind: KeyKind;
  readonly name: string;
}

/** The inverse of the key makers above. */
export function parseKey(key: ObjectKey): KeyParts {
  const [family, table, kind, ...name] = key.split('/');
  return {
    family: Number(family) as Family | 0,
    table: table as KeyParts['table'],
    kind: kind as KeyKind,
    name: name.join('/'),
  };
}

/** Whether this mode writes it. */
export function isIptablesTable(table: KeyParts['table']): table is Table | 'ipset' | 'sysctl' {
  return table !== 'node' && table !== 'ipvs' && table !== 'relay';
}

/** Whether finding this after a clean-up means that it was not clean. */
export function isLeftover(key: ObjectKey): boolean {
  return ['chain', 'jumps', 'set'].includes(parseKey(key).kind);
}

/** `default/web:http`, or `default/web` when the port has no name: what comments show. */
export function servicePortText(port: ServicePort): string {
  return port.portName === '' ? port.service : `${port.service}:${port.portName}`;
}

export function serviceChain(kind: ServiceChainKind, port: ServicePort): string {
  return `KUBE-${kind}-${hash16(servicePortText(port) + port.protocol.toLowerCase())}`;
}

/** The chain, and for affinity the set, of one endpoint; `target` is `ip:port`. */
export function endpointChain(port: ServicePort, target: string): string {
  return `KUBE-SEP-${hash16(servicePortText(port) + port.protocol.toLowerCase() + target)}`;
}
