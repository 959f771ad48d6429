/** One log entry as one line of text. */
import pc from 'picocolors';

import type { Fields, Log } from './log.ts';

export interface LogEntry {
  readonly time: Date;
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Fields;
}

/** The line without its newline. */
export type LinePrinter = (entry: LogEntry) => string;

/**
 * C0 and C1 controls, line separators and bidirectional marks: what could start a new line, move
 * a terminal's cursor or show a text in another order. Names in fields come from strangers.
 */
// eslint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(text: string): string {
  return text.replace(UNSAFE, (unsafe) => {
    return `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** `{"ts":…,"level":…,"msg":…,…fields}`; a field cannot replace the first three. */
export function printJson({ time, level, message, fields }: LogEntry): string {
  const head = { ts: time.toISOString(), level, msg: message };
  return escaped(JSON.stringify({ ...head, ...fields, ...head }));
}

export interface Look {
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
}

/** A printer of `time LEVEL message  name=value …`. */
export function printText({ isTerminal, hasColors }: Look): LinePrinter {
  const colors = pc.createColors(hasColors);
  const levels: Readonly<Record<keyof Log, string>> = {
    error: colors.red('ERROR'),
    warn: colors.yellow('WARN '),
    info: colors.green('INFO '),
    debug: colors.dim('DEBUG'),
  };
  return ({ time, level, message, fields }) => {
    const iso = time.toISOString();
    const shown = colors.dim(isTerminal ? iso.slice(11, 23) : iso);
    const pairs = printFields(fields);
    // Fields start in one column where messages are short enough, as most are.
    const text = pairs === '' ? escaped(message) : `${escaped(message).padEnd(32)}  `;
    return `${shown} ${levels[level]} ${text}${colors.dim(pairs)}`;
  };
}

function printFields(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${printValue(value ?? null)}`)
    .join(' ');
}

/** Values that a reader could not tell from what follows are quoted, as in logfmt. */
function printValue(value: string | number | boolean | null): string {
  const text = String(value);
  const isPlain = typeof value !== 'string' || /^[^\s"=\\]+$/.test(text);
  return escaped(isPlain ? text : JSON.stringify(text));
}
