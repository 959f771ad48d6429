/** Memory at a place that does not move, for calls that fill it or read from it. */
import koffi from 'koffi';

export interface Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  /** Where the first byte stands. Valid for as long as this object is held. */
  readonly address: number;
}

/** Zeroed memory of that many bytes. */
export function allocate(size: number): Memory {
  // A typed array that makes its own small buffer may lie on V8's heap, where things move.
  const bytes = new Uint8Array(new ArrayBuffer(size));
  return {
    bytes,
    view: new DataView(bytes.buffer),
    address: Number(koffi.address(bytes)),
  };
}
