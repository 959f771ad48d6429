/** Classic BPF programs for sockets: a few instructions that the kernel runs a packet or connection. */
import { SOL_SOCKET } from './constants.ts';
import { setOption } from './libc.ts';
import { allocate } from './memory.ts';
import { check } from './systemError.ts';

/** Code, jump if true, jump if false, constant: `struct sock_filter`. */
export type Instruction = readonly [code: number, jt: number, jf: number, k: number];

export const LOAD_BYTE = 0x30;
export const LOAD_WORD = 0x20;
export const AND = 0x54;
export const MULTIPLY = 0x24;
export const SHIFT_RIGHT = 0x74;
export const MODULO = 0x94;
export const XOR_X = 0xac;
export const TAKE_X = 0x07;
export const JUMP_IF_EQUAL = 0x15;
export const RETURN = 0x06;
export const RETURN_A = 0x16;

/** Added to an offset: counted from the IP header, wherever the program's packet begins. */
export const NETWORK_HEADER = -0x100000;

/** `option` is SO_ATTACH_FILTER or SO_ATTACH_REUSEPORT_CBPF. Throws a SystemError. */
export function attachFilter(fd: number, option: number, program: readonly Instruction[]): void {
  const code = allocate(program.length * 8);
  for (const [index, [operation, jt, jf, k]] of program.entries()) {
    code.view.setUint16(index * 8, operation, true);
    code.bytes.set([jt, jf], index * 8 + 2);
    code.view.setInt32(index * 8 + 4, k, true);
  }
  const header = allocate(16);
  header.view.setUint16(0, program.length, true);
  header.view.setBigUint64(8, BigInt(code.address), true);
  const result = setOption(fd, SOL_SOCKET, option, header.address, 16);
  // Mentioned after the call, so that the program is still there during it.
  check(result, 'setsockopt', `filter of ${code.bytes.length / 8} instructions`);
}
