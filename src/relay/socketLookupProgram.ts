/**
 * The program that the kernel runs for a packet to this node when no socket has it yet: neither a
 * connection nor TPROXY. See Documentation/bpf/prog_sk_lookup.rst of Linux.
 */
import {
  ASSIGN_SOCKET,
  EXIT,
  LOOK_UP_ELEMENT,
  RELEASE_SOCKET,
  addValue,
  assemble,
  call,
  jump,
  jumpIfEqual,
  jumpUnlessEqual,
  jumpUnlessSame,
  label,
  load,
  loadMap,
  move,
  moveValue,
  or,
  store,
  storeValue,
} from './native/bpfInstructions.ts';
import type { Instruction, Register, Step } from './native/bpfInstructions.ts';

/** Descriptors of the maps that it asks. */
export interface LookupMaps {
  /** What is dialled → which of `listeners`. */
  readonly destinations: number;
  /** Addresses at which NodePorts are served, as prefixes of a family's number and an address. */
  readonly nodePortAddresses: number;
  readonly listeners: number;
}

/** A destination: the address, 16 bytes from its first on; the port; the protocol; AF_INET…. */
export const DESTINATION = { bytes: 20, portAt: 16, protocolAt: 18, familyAt: 19 };
/** Before the prefix, its length in bits; before the address, AF_INET or AF_INET6 as 32 bits. */
export const PREFIX = { bytes: 24, familyAt: 4, addressAt: 8, addressFromBit: 32 };

/** Fields of `struct bpf_sk_lookup`. */
const FAMILY = 8;
const PROTOCOL = 12;
const REMOTE_IP4 = 16;
const REMOTE_IP6 = 20;
const LOCAL_IP4 = 40;
const LOCAL_IP6 = 44;
const LOCAL_PORT = 60;
/** Since Linux 5.17. */
const INTERFACE = 64;

const LOOPBACK_INTERFACE = 1;
const PASS = 1;

const CONTEXT: Register = 6;
const SOCKET: Register = 7;
const STACK: Register = 10;

/** Places on the stack: the destination as dialled is also the end of its address as a prefix. */
const LISTENER_AT = -4;
const DIALLED_AT = LISTENER_AT - DESTINATION.bytes;
const PREFIX_AT = DIALLED_AT - PREFIX.addressAt;
const ANY_ADDRESS_AT = PREFIX_AT - 4 - DESTINATION.bytes;

/**
 * Gives the packet of a destination to its listener and leaves all others alone. A NodePort is a
 * destination without an address.
 */
export function socketLookupProgram(maps: LookupMaps): readonly Instruction[] {
  return assemble([
    move(CONTEXT, 1),
    ...passWhatTheNodeSends(),
    ...writeDialled(),
    ...lookUp(maps.destinations, DIALLED_AT),
    jumpUnlessEqual(0, 0, 'found'),
    ...writeAnyAddress(),
    ...lookUp(maps.destinations, ANY_ADDRESS_AT),
    jumpIfEqual(0, 0, 'pass'),
    move(SOCKET, 0),
    ...writePrefix(),
    ...lookUp(maps.nodePortAddresses, PREFIX_AT),
    jumpIfEqual(0, 0, 'pass'),
    move(0, SOCKET),
    label('found'),
    load(4, 1, 0, 0),
    store(4, STACK, LISTENER_AT, 1),
    ...lookUp(maps.listeners, LISTENER_AT),
    jumpIfEqual(0, 0, 'pass'),
    ...assignAndRelease(),
    label('pass'),
    moveValue(0, PASS),
    EXIT,
  ]);
}

/**
 * The node's own packets never come by a bridge: rules and TPROXY have decided about them, and what
 * the relay dials itself must not come back to it. What is sent to an address of an interface counts
 * as come by that interface, but is sent from that very address, and no other packet is.
 */
function passWhatTheNodeSends(): readonly Step[] {
  const words = [
    [LOCAL_IP4, REMOTE_IP4],
    ...[0, 4, 8, 12].map((at) => [LOCAL_IP6 + at, REMOTE_IP6 + at]),
  ];
  return [
    load(4, 1, CONTEXT, INTERFACE),
    jumpIfEqual(1, LOOPBACK_INTERFACE, 'pass'),
    // Those of the other family read as zero.
    ...words.flatMap(([local = 0, remote = 0]) => [
      load(4, 1, CONTEXT, local),
      load(4, 2, CONTEXT, remote),
      jumpUnlessSame(1, 2, 'from elsewhere'),
    ]),
    jump('pass'),
    label('from elsewhere'),
  ];
}

function writeDialled(): readonly Step[] {
  return [
    // Of the two, the one of the other family reads as zero.
    load(4, 1, CONTEXT, LOCAL_IP4),
    load(4, 2, CONTEXT, LOCAL_IP6),
    or(1, 2),
    store(4, STACK, DIALLED_AT, 1),
    ...[4, 8, 12].flatMap((at) => [
      load(4, 1, CONTEXT, LOCAL_IP6 + at),
      store(4, STACK, DIALLED_AT + at, 1),
    ]),
    load(4, 1, CONTEXT, LOCAL_PORT),
    store(2, STACK, DIALLED_AT + DESTINATION.portAt, 1),
    load(4, 1, CONTEXT, PROTOCOL),
    store(1, STACK, DIALLED_AT + DESTINATION.protocolAt, 1),
    load(4, 1, CONTEXT, FAMILY),
    store(1, STACK, DIALLED_AT + DESTINATION.familyAt, 1),
  ];
}

function writeAnyAddress(): readonly Step[] {
  return [
    ...[0, 4, 8, 12].map((at) => storeValue(4, STACK, ANY_ADDRESS_AT + at, 0)),
    load(4, 1, STACK, DIALLED_AT + DESTINATION.portAt),
    store(4, STACK, ANY_ADDRESS_AT + DESTINATION.portAt, 1),
  ];
}

function writePrefix(): readonly Step[] {
  return [
    storeValue(4, STACK, PREFIX_AT, PREFIX.addressFromBit + 128),
    load(4, 1, CONTEXT, FAMILY),
    store(4, STACK, PREFIX_AT + PREFIX.familyAt, 1),
  ];
}

/** R0 = the element's address, or 0. */
function lookUp(map: number, keyAt: number): readonly Step[] {
  return [...loadMap(1, map), move(2, STACK), addValue(2, keyAt), call(LOOK_UP_ELEMENT)];
}

function assignAndRelease(): readonly Step[] {
  return [
    move(SOCKET, 0),
    move(1, CONTEXT),
    move(2, SOCKET),
    moveValue(3, 0),
    call(ASSIGN_SOCKET),
    move(1, SOCKET),
    call(RELEASE_SOCKET),
  ];
}
