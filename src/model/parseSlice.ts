/** discovery.k8s.io/v1.EndpointSlice → Slice. */
import { familyOf } from '../net/address.ts';
import type { Ip } from '../net/address.ts';
import type { Family } from '../net/family.ts';
import { isHandledSlice } from './handled.ts';
import { isDnsLabel, isDnsSubdomain, serviceKey } from './names.ts';
import { readAddress } from './readAddress.ts';
import { readPortName, readPortNumber, readProtocol } from './readPort.ts';
import {
  choice,
  entry,
  field,
  flag,
  isAbsent,
  isIdentified,
  items,
  openObject,
  orRefuse,
  readItems,
  refuse,
  text,
  textThat,
} from './reader.ts';
import type { Place } from './reader.ts';
import type { Problem, ServiceKey, Slice, SliceEndpoint, SlicePort } from './types.ts';

/** The API's own limits, but for the ports: nothing is gained by more than a Service may have. */
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_HINTS = 8;
const MAX_PORTS = 5000;

/** Of all endpoints in the slice. */
const WEIGHT_ANNOTATION = 'fairway.dev/weight';

const SERVICE_LABEL = 'kubernetes.io/service-name';

export interface ParsedSlice {
  /** undefined when the slice is not ours to handle, or does not say whose it is. */
  readonly slice: Slice | undefined;
  /** What was left out of it, and why. */
  readonly problems: readonly Problem[];
}

/** Never throws, whatever the object is. */
export function parseSlice(object: unknown): ParsedSlice {
  const root = openObject(object, 'EndpointSlice');
  const { problems } = root.findings;
  if (!isIdentified(root)) return { slice: undefined, problems };
  if (!isHandledSlice(root)) return { slice: undefined, problems: [] };
  return { slice: readSlice(root), problems };
}

function readSlice(root: Place): Slice | undefined {
  const service = readServiceName(root);
  const family = readFamily(field(root, 'addressType'));
  if (service === undefined || family === undefined) return undefined;
  return {
    reference: root.findings.object,
    service,
    family,
    weight: readWeight(root),
    endpoints: readItems(field(root, 'endpoints'), MAX_ENDPOINTS, (place) =>
      readEndpoint(place, family),
    ),
    ports: readItems(field(root, 'ports'), MAX_PORTS, readPort),
  };
}

/** Only the label counts, whoever owns the slice and however it is called. */
function readServiceName(root: Place): ServiceKey | undefined {
  const place = entry(field(field(root, 'metadata'), 'labels'), SERVICE_LABEL);
  // A slice that belongs to no Service is legal, and nobody's business here.
  if (isAbsent(place) || place.value === '') return undefined;
  const name = orRefuse(place, 'the name of a Service', textThat(isDnsLabel, place));
  return name === undefined ? undefined : serviceKey(root.findings.object.namespace, name);
}

/** The most that ipvsadm(8) takes; 0 would mean no traffic, for which there is `ready`. */
const MAX_WEIGHT = 65535;

function readWeight(root: Place): number {
  const place = entry(field(field(root, 'metadata'), 'annotations'), WEIGHT_ANNOTATION);
  if (isAbsent(place)) return 1;
  const isWeight = (found: string): boolean =>
    /^[1-9]\d{0,4}$/.test(found) && Number(found) <= MAX_WEIGHT;
  const expected = `a number from 1 to ${String(MAX_WEIGHT)}`;
  return Number(orRefuse(place, expected, textThat(isWeight, place)) ?? 1);
}

function readFamily(place: Place): Family | undefined {
  const type = orRefuse(place, 'IPv4 or IPv6', choice(place, ['IPv4', 'IPv6']));
  return type && (type === 'IPv4' ? 4 : 6);
}

function readEndpoint(place: Place, family: Family): SliceEndpoint | undefined {
  const ip = readFirstAddress(place, family);
  const conditions = field(place, 'conditions');
  const isReady = flag(field(conditions, 'ready'), true);
  const isServing = flag(field(conditions, 'serving'), true);
  const isTerminating = flag(field(conditions, 'terminating'), false);
  if (ip === undefined) return undefined;
  if (isReady === undefined || isServing === undefined || isTerminating === undefined) {
    return undefined;
  }
  const hints = field(place, 'hints');
  return {
    ip,
    nodeName: readNodeName(field(place, 'nodeName')),
    isReady,
    isServing,
    isTerminating,
    zoneHints: readHints(field(hints, 'forZones')),
    nodeHints: readHints(field(hints, 'forNodes')),
  };
}

/** The first one only; the API calls further ones fungible and consumers ignore them. */
function readFirstAddress(endpoint: Place, family: Family): Ip | undefined {
  const addresses = field(endpoint, 'addresses');
  const place = items(addresses, MAX_ADDRESSES).at(0) ?? addresses;
  const ip = readAddress(place);
  if (ip === undefined || familyOf(ip) === family) return ip;
  refuse(place, `an IPv${String(family)} address`);
  return undefined;
}

/** A wrong name can be no node's, so the endpoint is not local to any. */
function readNodeName(place: Place): string | undefined {
  if (isAbsent(place)) return undefined;
  return orRefuse(place, 'the name of a node', textThat(isDnsSubdomain, place));
}

function readHints(list: Place): readonly string[] {
  return readItems(list, MAX_HINTS, (hint) => text(field(hint, 'name')));
}

/** A port without a number means every port to the API, which is nothing to forward to. */
function readPort(place: Place): SlicePort | undefined {
  const number = field(place, 'port');
  if (isAbsent(number) || number.value === 0) return undefined;
  const name = readPortName(field(place, 'name'));
  const protocol = readProtocol(field(place, 'protocol'));
  const port = readPortNumber(number);
  if (name === undefined || protocol === undefined || port === undefined) return undefined;
  return { name, protocol, port };
}
