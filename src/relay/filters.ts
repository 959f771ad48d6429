/** The two small programs that the kernel runs on the relay's listeners. */
import { SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF } from './native/constants.ts';
import {
  AND,
  JUMP_IF_EQUAL,
  LOAD_BYTE,
  LOAD_WORD,
  MODULO,
  MULTIPLY,
  NETWORK_HEADER,
  RETURN,
  RETURN_A,
  SHIFT_RIGHT,
  TAKE_X,
  XOR_X,
  attachFilter,
} from './native/filter.ts';
import type { Instruction } from './native/filter.ts';
import type { Family } from '../net/family.ts';

/** Where the client's address stands in the IP header, as words. */
const SOURCE_WORDS: Readonly<Record<Family, readonly number[]>> = {
  4: [12],
  6: [8, 12, 16, 20],
};
/** Spreads addresses that differ in their last bits only (Knuth). */
const SPREAD = 2_654_435_761;

/**
 * A client always comes to the same of a group's listeners, in the order in which they listened: so
 * what is remembered of it, such as its affinity, is with one worker.
 */
export function steerByClient(fd: number, family: Family, listeners: number): void {
  const hash = SOURCE_WORDS[family].flatMap((offset): readonly Instruction[] => [
    [TAKE_X, 0, 0, 0],
    [LOAD_WORD, 0, 0, NETWORK_HEADER + offset],
    [XOR_X, 0, 0, 0],
  ]);
  attachFilter(fd, SO_ATTACH_REUSEPORT_CBPF, [
    ...hash,
    [MULTIPLY, 0, 0, SPREAD],
    [SHIFT_RIGHT, 0, 0, 16],
    [MODULO, 0, 0, listeners],
    [RETURN_A, 0, 0, 0],
  ]);
}

const TCP_FLAGS_AT = 13;
const SYN = 0x02;
const SYN_AND_ACK = 0x12;
const WHOLE_PACKET = -1;

/**
 * Leave new connections unanswered, so that their clients send the SYN again, to whoever listens
 * then; those that have begun may complete. The program sees the TCP header first.
 */
export function ignoreNewConnections(fd: number): void {
  attachFilter(fd, SO_ATTACH_FILTER, [
    [LOAD_BYTE, 0, 0, TCP_FLAGS_AT],
    [AND, 0, 0, SYN_AND_ACK],
    [JUMP_IF_EQUAL, 0, 1, SYN],
    [RETURN, 0, 0, 0],
    [RETURN, 0, 0, WHOLE_PACKET],
  ]);
}
