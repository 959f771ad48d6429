import { bracketScanner } from './scanBrackets.ts';

/**
 * Reads a list of the API while it arrives. An API server that answers from its cache sends the
 * whole list in one body whatever the limit was: tens of megabytes, several times that once
 * parsed. Cutting out one item after the other keeps a single object in memory instead, and takes
 * half the time of parsing the whole.
 */
export interface ItemSplitter {
  write(chunk: Buffer): void;
  /** Call after the last chunk: the list without its items, `{"kind":…,"items":[]}`. */
  end(): string;
}

/** `{"items":[` is depth 2; an object that opens there is an item. */
const ITEMS_DEPTH = 2;

/** Enough to see the key in front of a bracket. */
const KEY_BYTES = 32;

/**
 * Hand the text of each object of the top-level `items` array to `onItem`. Only nesting and
 * strings are looked at: whether the text is JSON shows when it is parsed. Throws when an item, or
 * all that is not an item, grows beyond `maxBytes`.
 */
export function itemSplitter(maxBytes: number, onItem: (text: string) => void): ItemSplitter {
  const scan = bracketScanner();
  const envelope = pieces(maxBytes);
  const item = pieces(maxBytes);
  let depth = 0;
  let inItems = false;
  let chunk: Buffer = Buffer.alloc(0);
  /** Where in the chunk the piece begins that belongs to the envelope, or to an item. */
  let from = 0;

  function opened(index: number, isArray: boolean): void {
    depth += 1;
    if (inItems) {
      if (depth === ITEMS_DEPTH + 1) from = index;
    } else if (isArray && depth === ITEMS_DEPTH) {
      envelope.add(chunk.subarray(from, index));
      inItems = /"items"\s*:\s*$/.test(envelope.tail(KEY_BYTES));
      envelope.add(chunk.subarray(index, index + 1));
      from = index + 1;
    }
  }

  function closed(index: number): void {
    depth -= 1;
    if (inItems && depth === ITEMS_DEPTH) {
      item.add(chunk.subarray(from, index + 1));
      onItem(item.take());
    } else if (inItems && depth < ITEMS_DEPTH) {
      inItems = false;
      from = index;
    }
  }

  return {
    write(next) {
      chunk = next;
      from = 0;
      scan(chunk, { opened, closed });
      if (!inItems) envelope.add(chunk.subarray(from));
      // Between two items there is nothing but a comma and white space.
      else if (depth > ITEMS_DEPTH) item.add(chunk.subarray(from));
    },
    end: () => envelope.take(),
  };
}

interface Pieces {
  add(piece: Buffer): void;
  /** The last bytes that were added. */
  tail(bytes: number): string;
  /** All that was added, decoded at once because a piece may end inside a UTF-8 sequence. */
  take(): string;
}

function pieces(maxBytes: number): Pieces {
  let kept: Buffer[] = [];
  let size = 0;
  return {
    add(piece) {
      size += piece.length;
      if (size > maxBytes) {
        throw new Error(`expected at most ${String(maxBytes)} bytes, found a longer object`);
      }
      kept.push(piece);
    },
    tail: (bytes) => Buffer.concat(kept).subarray(-bytes).toString('latin1'),
    take() {
      const text = (kept.length === 1 ? kept[0] : Buffer.concat(kept))?.toString('utf8') ?? '';
      kept = [];
      size = 0;
      return text;
    },
  };
}
