/** Dispatch tries as chains: how a key's digits become matches and a part's prefix a chain name. */
import type { Protocol } from '../../model/types.ts';
import { digitsToCidr, ipDigits } from '../../net/address.ts';
import type { Cidr, Ip } from '../../net/address.ts';
import { hash16 } from '../../net/chainName.ts';
import type { Family } from '../../net/family.ts';
import { entriesOf } from './trie.ts';
import type { Trie } from './trie.ts';

/**
 * A packet may pass at most 16 nested jumps in the kernel's nf_tables (NFT_JUMP_STACK_SIZE); four
 * are ours before the trie and four after it. Deeper parts, which only addresses chosen for the
 * purpose can make, are written out in the last chain.
 */
const MAX_DEPTH = 8;

const MAX_CHAIN_NAME = 28;

const PROTOCOL_DIGITS = { TCP: '0', UDP: '1', SCTP: '2' } as const;
const PROTOCOL_OF_DIGIT: Readonly<Record<string, string>> = { 0: 'tcp', 1: 'udp', 2: 'sctp' };
/** Stands for every protocol, and sorts behind all of them. */
const ANY_PROTOCOL = '3';

/** A port has 16 bits, a digit two. */
const PORT_DIGITS = 8;

/** One trie on the node: where it starts and what its keys hold. */
export interface Dispatch {
  readonly family: Family;
  /** The chain at which packets enter. */
  readonly root: string;
  /** What the names of the chains below begin with: `KUBE-IP-`. */
  readonly chainPrefix: string;
  /** Digits of the address at the start of every key: 16, 64, or 0 for NodePorts. */
  readonly addressDigits: number;
}

/** Key of one address, protocol and port; without an address for NodePorts. */
export function portDigits(ip: Ip | undefined, protocol: Protocol, port: number): string {
  const address = ip === undefined ? '' : ipDigits(ip);
  return address + PROTOCOL_DIGITS[protocol] + port.toString(4).padStart(PORT_DIGITS, '0');
}

/** Key of an address whatever the protocol and port; sorts behind all of its ports. */
export function addressKey(ip: Ip): string {
  return ipDigits(ip) + ANY_PROTOCOL + '0'.repeat(PORT_DIGITS);
}

/** Where the text of chains goes. */
export interface ChainSink {
  set(chain: string, text: string): void;
  remove(chain: string): void;
}

/** Turn the chains of `before` into those of `after`; parts that both share cost nothing. */
export function writeDispatch(
  dispatch: Dispatch,
  before: Trie | undefined,
  after: Trie | undefined,
  sink: ChainSink,
): void {
  writePart({ dispatch, sink }, { chain: dispatch.root, depth: 0 }, before, after);
}

interface Writer {
  readonly dispatch: Dispatch;
  readonly sink: ChainSink;
}

interface Place {
  readonly chain: string;
  readonly depth: number;
}

function writePart(writer: Writer, at: Place, before?: Trie, after?: Trie): void {
  if (before === after) return;
  const past = childrenOf(before, at.depth);
  const present = childrenOf(after, at.depth);
  // A part whose prefix moved has other chains below it, although the digits may be the same.
  for (const [slot, node] of past) {
    if (!present.has(slot)) writePart(writer, below(writer, at, slot), node, undefined);
  }
  for (const [slot, node] of present) {
    writePart(writer, below(writer, at, slot), past.get(slot), node);
  }
  if (after === undefined) writer.sink.remove(at.chain);
  else writer.sink.set(at.chain, partText(writer.dispatch, at, after));
}

/** Children by the prefix that leads to them; none for what is written out in one chain. */
function childrenOf(trie: Trie | undefined, depth: number): ReadonlyMap<string, Trie> {
  if (trie?.kind !== 'branch' || depth >= MAX_DEPTH) return new Map();
  return new Map(trie.children.map((child) => [trie.prefix + child.digit, child.node]));
}

function below(writer: Writer, at: Place, slot: string): Place {
  return { chain: partChain(writer.dispatch, slot), depth: at.depth + 1 };
}

function partText(dispatch: Dispatch, at: Place, trie: Trie): string {
  const slots = [...childrenOf(trie, at.depth).keys()];
  if (slots.length > 0) {
    return slots
      .map((slot) => `-A ${at.chain} ${matchOf(dispatch, slot)} -j ${partChain(dispatch, slot)}`)
      .join('\n');
  }
  const lines = new Set<string>();
  for (const entry of entriesOf(trie)) {
    // Several ports of a Service bring the same rule for their address; once is enough.
    for (const rule of entry.rules()) lines.add(`-A ${at.chain} ${rule}`);
  }
  return [...lines].join('\n');
}

/** What a packet must look like to be in the part of this prefix. */
function matchOf(dispatch: Dispatch, slot: string): string {
  if (slot.length <= dispatch.addressDigits) return `-d ${cidrOf(dispatch, slot)}`;
  const protocol = PROTOCOL_OF_DIGIT[slot.charAt(dispatch.addressDigits)];
  const address = dispatch.addressDigits > 0 ? `-d ${addressOf(dispatch, slot)} ` : '';
  // ANY_PROTOCOL has nothing to match but the address.
  if (protocol === undefined) return address.trimEnd();
  const range = portRange(dispatch, slot);
  if (range.first === 0 && range.last === 65535) return `${address}-p ${protocol}`;
  const ports = range.first === range.last ? range.first : `${range.first}:${range.last}`;
  return `${address}-p ${protocol} -m ${protocol} --dport ${String(ports)}`;
}

function portRange(dispatch: Dispatch, slot: string): { first: number; last: number } {
  const digits = slot.slice(dispatch.addressDigits + 1);
  return {
    first: Number.parseInt(digits.padEnd(PORT_DIGITS, '0'), 4),
    last: Number.parseInt(digits.padEnd(PORT_DIGITS, '3'), 4),
  };
}

function cidrOf(dispatch: Dispatch, slot: string): Cidr {
  return digitsToCidr(slot, dispatch.family);
}

function addressOf(dispatch: Dispatch, slot: string): Cidr {
  return cidrOf(dispatch, slot.slice(0, dispatch.addressDigits));
}

/** Readable where it fits into the kernel's 28 characters: `KUBE-IP-10.96.16.0/20`. */
function partChain(dispatch: Dispatch, slot: string): string {
  const readable = dispatch.chainPrefix + readablePrefix(dispatch, slot);
  if (readable.length <= MAX_CHAIN_NAME) return readable;
  return dispatch.chainPrefix + hash16(slot);
}

function readablePrefix(dispatch: Dispatch, slot: string): string {
  if (slot.length <= dispatch.addressDigits) return cidrOf(dispatch, slot);
  const range = portRange(dispatch, slot);
  const protocol = PROTOCOL_OF_DIGIT[slot.charAt(dispatch.addressDigits)] ?? 'any';
  const address = dispatch.addressDigits > 0 ? `${addressOf(dispatch, slot)}-` : '';
  return `${address}${protocol}-${String(range.first)}-${String(range.last)}`;
}
