/** Builders of the schema's fields. Each takes the text of a flag and says what it expects. */
import { z } from 'zod';

import { familyOf, parseCidr, parseIp } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';
import { parseBindAddress } from './bindAddress.ts';
import { parseDuration } from './duration.ts';
import { parseGoInteger, parseInteger } from './integer.ts';

/** Longer ones overflow the 32 bits of Node's timers, which then fire at once. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** 2^63 - 1 nanoseconds, rounded down. */
const GO_LONGEST_MS = 9_223_372_036_854;

/** Rules are built from these, so only what names of interfaces are usually made of. */
const INTERFACE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$/;
const LABEL_VALUE = /^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;

const NODE_NAME = /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/;

/** A text that `parse` understands; `expected` is what the problem's line says otherwise. */
export function field<T>(expected: string, parse: (text: string) => T | undefined) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: `expected ${expected}`, input: text });
    return z.NEVER;
  });
}

/** Like `field`, and an empty text means that it is not set. */
function optionalField(expected: string, accepts: (text: string) => boolean) {
  return field<{ readonly value: string | undefined }>(expected, (text) => {
    if (text === '') return { value: undefined };
    return accepts(text) ? { value: text } : undefined;
  }).transform(({ value }) => value);
}

/** One of some words; the first also for an empty text, which is how kube-proxy has it. */
export function wordField<const W extends string>(words: readonly [W, ...W[]]) {
  return field(words.join(' or '), (text) =>
    text === '' ? words[0] : words.find((word) => word === text),
  );
}

/** What Go's flags accept for a boolean. */
export function booleanField() {
  return field('true or false', (text) => {
    if (/^(?:1|t|T|true|True|TRUE)$/.test(text)) return true;
    return /^(?:0|f|F|false|False|FALSE)$/.test(text) ? false : undefined;
  });
}

export function integerField(least: number, most: number) {
  return field(`a number from ${String(least)} to ${String(most)}`, (text) =>
    parseGoInteger(text, least, most),
  );
}

/** Milliseconds, from a Go duration. */
export function durationField({ canBeZero }: { readonly canBeZero: boolean }) {
  const limits = canBeZero ? 'at most 596h' : 'more than 0 and at most 596h';
  return field(`a duration such as 30s, 1m30s or 500ms, ${limits}`, (text) => {
    const ms = parseDuration(text);
    if (ms === undefined || ms > MAX_DURATION_MS) return undefined;
    return ms > 0 || (canBeZero && ms === 0) ? ms : undefined;
  });
}

/** Milliseconds, from a Go duration that no timer of ours waits for: Go's longest one is the limit. */
export function longDurationField({ canBeZero }: { readonly canBeZero: boolean }) {
  const limit = canBeZero ? 'not below 0' : 'more than 0';
  return field(`a duration such as 30s, 1h30m or 24h, ${limit}`, (text) => {
    const ms = parseDuration(text);
    if (ms === undefined || ms > GO_LONGEST_MS) return undefined;
    return ms > 0 || (canBeZero && ms === 0) ? ms : undefined;
  });
}

/** Milliseconds, from Go durations with commas between; at most 16 of them. */
export function durationsField() {
  return field(
    'one to 16 durations such as 250ms with commas between, each more than 0',
    (text) => {
      const list = text.split(',').map((part) => parseDuration(part.trim()) ?? 0);
      const isRight = list.length <= 16 && list.every((ms) => ms > 0 && ms <= MAX_DURATION_MS);
      return isRight ? list : undefined;
    },
  );
}

/** Ports from the first to the last, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export function portRangeField() {
  return field<PortRange>('a range of at least two ports such as 10200-10215', (text) => {
    const [, from = '', to = ''] = /^(\d+)-(\d+)$/.exec(text) ?? [];
    const [first, last] = [parseInteger(from, 1, 65_535), parseInteger(to, 1, 65_535)];
    return first === undefined || last === undefined || first >= last ? undefined : { first, last };
  });
}

/** Any text, as it is. */
export function textField() {
  return field('a text', (text) => text);
}

export function ipField() {
  return field('an IP address', (text) => parseIp(text));
}

export function urlField() {
  return optionalField('an https:// URL', (text) =>
    /^https?:$/.test(URL.parse(text)?.protocol ?? ''),
  );
}

export function pathField() {
  return optionalField('a path', (text) => !text.includes('\0'));
}

/** A folder that must be named from the root on. */
export function folderField() {
  return field("a folder's path that begins with /", (text) =>
    text.startsWith('/') && !text.includes('\0') ? text : undefined,
  );
}

/** As Kubernetes checks the values of labels; none at all where it is empty. */
export function labelValueField() {
  return optionalField(
    'a label value: at most 63 letters, digits, dots, hyphens or underscores',
    (text) => LABEL_VALUE.test(text),
  );
}

export function interfaceField(what: string) {
  return optionalField(
    `${what}: 1 to 15 letters, digits, dots, hyphens, underscores or @`,
    (text) => INTERFACE_NAME.test(text),
  );
}

export function bindField(defaultPort: number) {
  return field('IP:PORT, [IPV6]:PORT, an IP alone, or "" to turn it off', (text) =>
    parseBindAddress(text, defaultPort),
  );
}

/** In lower case, as kube-proxy and the kubelet make it. */
export function nodeNameField() {
  return field('the name of a Node', (text) => {
    const name = text.trim().toLowerCase();
    return NODE_NAME.test(name) ? name : undefined;
  });
}

/** No CIDR, one, or one of each family. */
export function clusterCidrField() {
  return field('one CIDR, or one of each family with a comma between', (text) => {
    if (text === '') return [];
    const cidrs = parseCidrs(text);
    const families = new Set(cidrs?.map(familyOf));
    return families.size === cidrs?.length ? cidrs : undefined;
  });
}

/** Any number of CIDRs. */
export function cidrsField() {
  return field('CIDRs with commas between', (text) => (text === '' ? [] : parseCidrs(text)));
}

/** Addresses of this node that accept NodePorts, as the operator says it. */
export type NodePortChoice =
  | { readonly kind: 'all' }
  | { readonly kind: 'primary' }
  | { readonly kind: 'cidrs'; readonly cidrs: readonly Cidr[] };

export function nodePortAddressesField() {
  return field<NodePortChoice>('either primary, or CIDRs with commas between', (text) => {
    if (text === '') return { kind: 'all' };
    if (text === 'primary') return { kind: 'primary' };
    const cidrs = parseCidrs(text);
    return cidrs === undefined ? undefined : { kind: 'cidrs', cidrs };
  });
}

function parseCidrs(text: string): readonly Cidr[] | undefined {
  const cidrs = text.split(',').map((part) => parseCidr(part.trim()));
  return cidrs.every((cidr) => cidr !== undefined) ? cidrs : undefined;
}
