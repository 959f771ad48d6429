/**
 * bpf(2): maps, programs that the kernel runs for us, and what they are attached to. Each is a
 * descriptor, and goes when that is closed: nothing stays behind in the kernel.
 */
import type { Instruction } from './bpfInstructions.ts';
import { systemCall } from './libc.ts';
import { allocate } from './memory.ts';
import type { Memory } from './memory.ts';
import { check, systemError } from './systemError.ts';

/** Map types of `linux/bpf.h`. */
export const HASH = 1;
export const LONGEST_PREFIX = 11;
export const SOCKETS = 15;

/** Room is taken as elements come, not for all of them at once. */
export const NO_PREALLOCATION = 1;

export const SK_LOOKUP_PROGRAM = 30;
export const SK_LOOKUP = 36;

export interface MapOptions {
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Most elements. */
  readonly most: number;
  readonly flags?: number;
  /** At most 15 letters, digits or `_`: what `bpftool map` shows. */
  readonly name: string;
}

/** A map's descriptor. Throws a SystemError. */
export function createMap({ type, keyBytes, valueBytes, most, flags, name }: MapOptions): number {
  const attributes = allocate(48);
  const numbers = [type, keyBytes, valueBytes, most, flags ?? 0];
  for (const [index, number] of numbers.entries()) setInt(attributes, index * 4, number);
  setName(attributes, 28, name);
  return check(bpf(MAP_CREATE, attributes), 'bpf', `map ${name}`);
}

/** A map to be filled by one thread, with memory for a key and a value of it. */
export interface Elements {
  readonly key: Memory;
  readonly value: Memory;
  /** Make `value` that of `key`. Throws a SystemError. */
  set(): void;
  /** Remove what `key` has; nothing there is fine. Throws a SystemError. */
  remove(): void;
}

export function elementsOf(map: number, keyBytes: number, valueBytes: number): Elements {
  const key = allocate(keyBytes);
  const value = allocate(valueBytes);
  const removal = allocate(32);
  setInt(removal, 0, map);
  setAddress(removal, 8, key);
  const update = allocate(32);
  update.bytes.set(removal.bytes);
  setAddress(update, 16, value);
  return {
    key,
    value,
    set() {
      check(bpf(MAP_UPDATE, update), 'bpf', 'map element');
    },
    remove() {
      if (bpf(MAP_DELETE, removal) !== -1) return;
      const error = systemError('bpf', 'removing a map element');
      if (error.code !== 'ENOENT') throw error;
    },
  };
}

export interface Program {
  readonly type: number;
  /** What it will be attached to. */
  readonly attachType: number;
  readonly instructions: readonly Instruction[];
  /** As a map's. */
  readonly name: string;
}

/** A program's descriptor. Throws a SystemError, with what the verifier says against it. */
export function loadProgram(program: Program): number {
  const loaded = tryLoad(program, undefined);
  if (loaded !== -1) return loaded;
  const error = systemError('bpf', `program ${program.name}`);
  if (error.code === 'EPERM') throw error;
  // Once more, for its reasons: a log that is too small would keep a good program out.
  const log = allocate(LOG_BYTES);
  const result = tryLoad(program, log);
  if (result !== -1) return result;
  error.message += `: ${lastLines(log)}`;
  throw error;
}

/** The descriptor of a link to this thread's network namespace. Throws a SystemError. */
export function attachToNetwork(program: number, network: number, attachType: number): number {
  const attributes = allocate(16);
  for (const [index, number] of [program, network, attachType].entries()) {
    setInt(attributes, index * 4, number);
  }
  return check(bpf(LINK_CREATE, attributes), 'bpf', 'link to the network namespace');
}

const MAP_CREATE = 0;
const MAP_UPDATE = 2;
const MAP_DELETE = 3;
const PROGRAM_LOAD = 5;
const LINK_CREATE = 28;

const CALL_NUMBERS: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 321,
  arm64: 280,
};
/** Of a call that no kernel has: ENOSYS. */
const NO_CALL = 100_000;
const LOG_BYTES = 64 * 1024;
/** What the kernel wants to know of a program that asks for functions under the GPL only; ours do not. */
const LICENSE = Buffer.from('Apache-2.0\0');

function bpf(command: number, attributes: Memory): number {
  const number = CALL_NUMBERS[process.arch] ?? NO_CALL;
  return systemCall(number, command, attributes.address, attributes.bytes.length);
}

function tryLoad(
  { type, attachType, instructions, name }: Program,
  log: Memory | undefined,
): number {
  const code = allocate(instructions.length * 8);
  for (const [index, bytes] of instructions.entries()) code.bytes.set(bytes, index * 8);
  const license = allocate(LICENSE.length);
  license.bytes.set(LICENSE);
  const attributes = allocate(72);
  setInt(attributes, 0, type);
  setInt(attributes, 4, instructions.length);
  setAddress(attributes, 8, code);
  setAddress(attributes, 16, license);
  if (log !== undefined) {
    setInt(attributes, 24, 1);
    setInt(attributes, 28, log.bytes.length);
    setAddress(attributes, 32, log);
  }
  setName(attributes, 48, name);
  setInt(attributes, 68, attachType);
  const result = bpf(PROGRAM_LOAD, attributes);
  // Mentioned after the call, so that they are still there during it.
  return code.bytes.length + license.bytes.length > 0 ? result : -1;
}

function lastLines(log: Memory): string {
  const end = log.bytes.indexOf(0);
  const lines = Buffer.from(log.bytes.subarray(0, Math.max(0, end)))
    .toString()
    .trim()
    .split('\n');
  return lines.slice(-4).join('; ');
}

function setInt({ view }: Memory, at: number, value: number): void {
  view.setUint32(at, value, true);
}

function setAddress({ view }: Memory, at: number, { address }: Memory): void {
  view.setBigUint64(at, BigInt(address), true);
}

function setName({ bytes }: Memory, at: number, name: string): void {
  bytes.set(Buffer.from(name), at);
}
