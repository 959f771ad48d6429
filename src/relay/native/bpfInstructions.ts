/** Instructions of eBPF programs, by what they do; see Documentation/bpf/standardization of Linux. */

/** `struct bpf_insn`: eight bytes. */
export type Instruction = Uint8Array;

/** R0 is what a call or the program returns, R1 to R5 what a call is given, R10 the stack's end. */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** In bytes. */
export type Size = 1 | 2 | 4;

/** Either an instruction's parts, or a place that jumps name. */
export type Step =
  | {
      readonly code: number;
      readonly to?: Register;
      readonly from?: Register;
      readonly offset?: number;
      readonly value?: number;
      /** In place of an offset: the label that it jumps to, further down. */
      readonly jumpTo?: string;
    }
  | { readonly label: string };

/** Functions of the kernel that programs may call, by their numbers in `linux/bpf.h`. */
export const LOOK_UP_ELEMENT = 1;
export const RELEASE_SOCKET = 86;
export const ASSIGN_SOCKET = 124;

const SIZES: Readonly<Record<Size, number>> = { 4: 0x00, 2: 0x08, 1: 0x10 };
/** The value is a map's descriptor. */
const MAP_DESCRIPTOR: Register = 1;

/** to = what stands at `from` + offset. */
export function load(size: Size, to: Register, from: Register, offset: number): Step {
  return { code: 0x61 | SIZES[size], to, from, offset };
}

/** What stands at `to` + offset = from. */
export function store(size: Size, to: Register, offset: number, from: Register): Step {
  return { code: 0x63 | SIZES[size], to, from, offset };
}

/** What stands at `to` + offset = value. */
export function storeValue(size: Size, to: Register, offset: number, value: number): Step {
  return { code: 0x62 | SIZES[size], to, offset, value };
}

export function move(to: Register, from: Register): Step {
  return { code: 0xbf, to, from };
}

export function moveValue(to: Register, value: number): Step {
  return { code: 0xb7, to, value };
}

export function addValue(to: Register, value: number): Step {
  return { code: 0x07, to, value };
}

export function or(to: Register, from: Register): Step {
  return { code: 0x4f, to, from };
}

/** to = the map of this descriptor. */
export function loadMap(to: Register, descriptor: number): readonly Step[] {
  return [{ code: 0x18, to, from: MAP_DESCRIPTOR, value: descriptor }, { code: 0 }];
}

export function jumpIfEqual(register: Register, value: number, jumpTo: string): Step {
  return { code: 0x15, to: register, value, jumpTo };
}

export function jumpUnlessEqual(register: Register, value: number, jumpTo: string): Step {
  return { code: 0x55, to: register, value, jumpTo };
}

export function jumpUnlessSame(one: Register, other: Register, jumpTo: string): Step {
  return { code: 0x5d, to: one, from: other, jumpTo };
}

export function jump(jumpTo: string): Step {
  return { code: 0x05, jumpTo };
}

export function call(helper: number): Step {
  return { code: 0x85, value: helper };
}

export const EXIT: Step = { code: 0x95 };

export function label(name: string): Step {
  return { label: name };
}

/** Throws for a jump to a label that is not further down. */
export function assemble(steps: readonly Step[]): readonly Instruction[] {
  const places = new Map<string, number>();
  let place = 0;
  for (const step of steps) {
    if ('label' in step) places.set(step.label, place);
    else place += 1;
  }
  const instructions: Instruction[] = [];
  for (const step of steps) {
    if ('label' in step) continue;
    const { code, to = 0, from = 0, offset = 0, value = 0, jumpTo } = step;
    const distance = jumpTo === undefined ? offset : distanceTo(jumpTo, instructions.length);
    const view = new DataView(new ArrayBuffer(8));
    view.setUint8(0, code);
    view.setUint8(1, (from << 4) | to);
    view.setInt16(2, distance, true);
    view.setInt32(4, value, true);
    instructions.push(new Uint8Array(view.buffer));
  }
  return instructions;

  function distanceTo(name: string, at: number): number {
    const target = places.get(name);
    if (target === undefined || target <= at) throw new Error(`no label ${name} further down`);
    return target - at - 1;
  }
}
