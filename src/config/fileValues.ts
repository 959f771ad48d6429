/**
 * The kinds of values in configuration files: how each is read as the text that a flag would have,
 * and printed from what is in Config. Reading is as strict as Go's JSON: "5" is no number.
 */
import type { BindAddress } from '../serve/http.ts';
import type { FileVerbosity } from './componentFields.ts';
import { isRecord } from './document.ts';
import { parseDuration, printDuration } from './duration.ts';
import type { NodePortChoice, PortRange } from './fields.ts';

/** What stands in a file for one field. */
export type FileValue =
  string | number | boolean | null | readonly FileValue[] | { readonly [key: string]: FileValue };

interface Kind {
  readonly expected: string;
  /** undefined for a value of another type. */
  readonly read: (value: unknown) => string | undefined;
  /** Takes what Config's field holds; the table of fields says that it is of this kind. */
  readonly print: (value: never) => FileValue;
}

function kind(expected: string, read: Kind['read'], print: Kind['print']): Kind {
  return { expected, read, print };
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function readInteger(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

function readNumber(value: unknown): string | undefined {
  return Number.isFinite(value) ? String(value) : undefined;
}

/** A comma inside would make two of one. */
function readList(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const isRight = value.every((each) => typeof each === 'string' && !each.includes(','));
  return isRight ? value.join(',') : undefined;
}

function readGates(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const gates = Object.entries(value);
  if (gates.some(([name, on]) => typeof on !== 'boolean' || /[=,]/.test(name))) return undefined;
  return gates.map(([name, on]) => `${name}=${String(on)}`).join(',');
}

function readVerbosities(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value.map((each: unknown) => {
    if (!isRecord(each)) return undefined;
    const { filePattern, verbosity } = each;
    if (typeof filePattern !== 'string' || /[=,]/.test(filePattern)) return undefined;
    return Number.isSafeInteger(verbosity) ? `${filePattern}=${String(verbosity)}` : undefined;
  });
  return items.includes(undefined) ? undefined : items.join(',');
}

/** Go prints a list that was never made as null. */
function listOrNull(items: readonly string[]): FileValue {
  return items.length === 0 ? null : items;
}

function printChoice(choice: NodePortChoice): FileValue {
  switch (choice.kind) {
    case 'all':
      return null;
    case 'primary':
      return ['primary'];
    case 'cidrs':
      return listOrNull(choice.cidrs);
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export const KINDS = {
  text: kind('a text', readText, (value: string | undefined) => value ?? ''),
  switch: kind(
    'true or false',
    (value) => (typeof value === 'boolean' ? String(value) : undefined),
    (value: boolean) => value,
  ),
  integer: kind('a whole number', readInteger, (value: number) => value),
  number: kind('a number', readNumber, (value: number) => value),
  duration: kind('a duration such as 30s', readText, printDuration),
  durations: kind('a list of durations such as 30s', readList, (list: readonly number[]) =>
    list.map(printDuration),
  ),
  // The oldest form is a number of nanoseconds.
  flush: kind(
    'a duration such as 5s, or nanoseconds',
    (value) => (Number.isSafeInteger(value) ? `${String(value)}ns` : readText(value)),
    printDuration,
  ),
  address: kind('a text', readText, (bind: BindAddress | 'off') =>
    bind === 'off' ? '' : `${bracketed(bind.host)}:${bind.port}`,
  ),
  cidrPair: kind('a text', readText, (cidrs: readonly string[]) => cidrs.join(',')),
  cidrs: kind('a list of texts', readList, listOrNull),
  nodePorts: kind('a list of texts', readList, printChoice),
  ports: kind('a text', readText, ({ first, last }: PortRange) => `${first}-${last}`),
  gates: kind(
    'names with true or false',
    readGates,
    (gates: Readonly<Record<string, boolean>>) => gates,
  ),
  verbosities: kind(
    'a list of filePattern and verbosity',
    readVerbosities,
    (items: readonly FileVerbosity[]) =>
      items.map(({ filePattern, verbosity }) => ({ filePattern, verbosity })),
  ),
  quantity: kind(
    'a quantity such as 512 or "2Ki"',
    (value) => readText(value) ?? readNumber(value),
    (value: string) => value,
  ),
} as const;

/** Whether Go would have this value where nothing was written. */
export function isZero(text: string): boolean {
  return text === '' || parseDuration(text) === 0;
}
