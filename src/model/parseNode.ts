/** v1.Node → NodeInfo. */
import { familyOf, parseCidr, parseIp } from '../net/address.ts';
import type { Cidr, Ip } from '../net/address.ts';
import {
  entry,
  field,
  isAbsent,
  isIdentified,
  items,
  openObject,
  orRefuse,
  readItems,
  text,
} from './reader.ts';
import type { Place } from './reader.ts';
import type { NodeInfo, Problem } from './types.ts';

const MAX_ADDRESSES = 256;
const MAX_TAINTS = 256;

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const LEAVING_TAINT = 'ToBeDeletedByClusterAutoscaler';

export interface ParsedNode {
  /** undefined when the node has no valid name. */
  readonly node: NodeInfo | undefined;
  /** What was left out of it, and why. */
  readonly problems: readonly Problem[];
}

/** Never throws, whatever the object is. */
export function parseNode(object: unknown): ParsedNode {
  const root = openObject(object, 'Node');
  const { problems } = root.findings;
  if (!isIdentified(root)) return { node: undefined, problems };
  return { node: readNode(root), problems };
}

function readNode(root: Place): NodeInfo {
  const zone = text(entry(field(field(root, 'metadata'), 'labels'), ZONE_LABEL));
  return {
    name: root.findings.object.name,
    ips: readIps(field(field(root, 'status'), 'addresses')),
    zone: zone === '' ? undefined : zone,
    podCIDRs: readPodCIDRs(field(root, 'spec')),
    isLeaving: isLeaving(root),
  };
}

/** The first InternalIP, else ExternalIP, of each family; the node's primary family first. */
function readIps(list: Place): readonly Ip[] {
  const places = items(list, MAX_ADDRESSES);
  const candidates = ['InternalIP', 'ExternalIP'].flatMap((type) => ipsOfType(places, type));
  const families = new Set(candidates.map(familyOf));
  return [...families].flatMap((family) => candidates.find((ip) => familyOf(ip) === family) ?? []);
}

function ipsOfType(addresses: readonly Place[], type: string): readonly Ip[] {
  return addresses
    .filter((place) => field(place, 'type').value === type)
    .map(readIp)
    .filter((ip) => ip !== undefined);
}

function readIp(place: Place): Ip | undefined {
  const address = field(place, 'address');
  return orRefuse(address, 'an IP address', parseIp(text(address) ?? ''));
}

/** `spec.podCIDRs`, or `spec.podCIDR` of objects from before dual stack. */
function readPodCIDRs(spec: Place): readonly Cidr[] {
  const all = field(spec, 'podCIDRs');
  if (!isAbsent(all)) return readItems(all, MAX_ADDRESSES, readCidr);
  const single = field(spec, 'podCIDR');
  const cidr = isAbsent(single) || single.value === '' ? undefined : readCidr(single);
  return cidr === undefined ? [] : [cidr];
}

function readCidr(place: Place): Cidr | undefined {
  return orRefuse(place, 'a CIDR', parseCidr(text(place) ?? ''));
}

/** No other taint counts, nor does a cordon: those keep new pods away, not traffic. */
function isLeaving(root: Place): boolean {
  const isDeleted = !isAbsent(field(field(root, 'metadata'), 'deletionTimestamp'));
  const taints = items(field(field(root, 'spec'), 'taints'), MAX_TAINTS);
  return isDeleted || taints.some((taint) => field(taint, 'key').value === LEAVING_TAINT);
}
