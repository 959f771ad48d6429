const NEWLINE = 0x0a;

/**
 * Cut a stream of bytes at newlines; empty lines are left out. The returned function takes the
 * chunks in order. Bytes are decoded only once a line is whole, so a chunk may end inside a UTF-8
 * sequence. Throws when a line grows beyond `maxBytes`: a stream without newlines must not fill
 * the memory.
 */
export function lineSplitter(
  maxBytes: number,
  onLine: (line: string) => void,
): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  function keep(piece: Buffer): void {
    pendingBytes += piece.length;
    if (pendingBytes > maxBytes) {
      throw new Error(`expected lines of at most ${String(maxBytes)} bytes, found a longer one`);
    }
    pending.push(piece);
  }

  function finish(): void {
    const line = pending.length === 1 ? pending[0] : Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    if (line !== undefined && line.length > 0) onLine(line.toString('utf8'));
  }

  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      finish();
      from = end + 1;
    }
    if (from < chunk.length) keep(chunk.subarray(from));
  };
}
