const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Told of the brackets and braces of a JSON text that are not inside a string. */
export interface BracketVisitor {
  /** `isArray` tells a bracket from a brace. */
  opened(index: number, isArray: boolean): void;
  closed(index: number): void;
}

/**
 * A function that takes the chunks of a JSON text in order and tells where in the chunk each
 * bracket is. Strings may be split anywhere over chunks.
 */
export function bracketScanner(): (chunk: Buffer, visitor: BracketVisitor) => void {
  let inString = false;
  let isEscaped = false;

  /** Skip the rest of a string, which most bytes of a list are part of. */
  function afterString(chunk: Buffer, start: number): number {
    let index = start;
    while (index < chunk.length && chunk[index] !== QUOTE) {
      index += chunk[index] === BACKSLASH ? 2 : 1;
    }
    inString = index >= chunk.length;
    isEscaped = index > chunk.length;
    return index + 1;
  }

  return (chunk, visitor) => {
    // A string may have begun in the chunk before, and even its last backslash.
    let index = inString ? afterString(chunk, isEscaped ? 1 : 0) : 0;
    while (index < chunk.length) {
      const byte = chunk[index];
      if (byte === QUOTE) {
        index = afterString(chunk, index + 1);
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET)
        visitor.opened(index, byte === OPEN_BRACKET);
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) visitor.closed(index);
      index += 1;
    }
  };
}
