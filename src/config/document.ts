/** A YAML or JSON document as hostile input: plain values, with the line of each field. */
import { LineCounter, isMap, isScalar, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, YAMLMap } from 'yaml';

/** A file that was read already; the path is for messages only. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A field in the file; line 0 where it cannot be told. */
export interface FilePlace {
  readonly field: string;
  readonly line: number;
}

export interface FileDocument {
  readonly root: Readonly<Record<string, unknown>>;
  readonly lineOf: (field: string) => number;
  /** Fields given more than once; the last of them counts. */
  readonly duplicates: readonly FilePlace[];
  /** Only the first is read, as kube-proxy does it. */
  readonly hasMoreDocuments: boolean;
}

/** Either the document, or lines that say what is wrong with it. */
export type DocumentResult =
  | { readonly document: FileDocument; readonly problems?: never }
  | { readonly document?: never; readonly problems: readonly string[] };

/** As large as a ConfigMap can be. */
export const MAX_FILE_LENGTH = 2 ** 20;

/** More are only in files that are made to fill the memory. */
const MAX_ALIASES = 100;

export function readDocument({ path, text }: SourceFile): DocumentResult {
  if (text.length > MAX_FILE_LENGTH) {
    return { problems: [`${path}: expected at most 1 MiB, found ${text.length} characters`] };
  }
  try {
    return parse(path, text);
  } catch (error) {
    // Nested too deep, or too many aliases.
    const reason = error instanceof Error ? error.message : String(error);
    return { problems: [`${path}: expected YAML or JSON that can be read (${reason})`] };
  }
}

function parse(path: string, text: string): DocumentResult {
  const lines = new LineCounter();
  // kube-proxy's library reads `yes` and `on` as true, which is YAML 1.1.
  const options = { version: '1.1', uniqueKeys: false, lineCounter: lines } as const;
  const documents = parseAllDocuments(text, { ...options, prettyErrors: false });
  const [document] = documents;
  if (!Array.isArray(documents) || document === undefined) {
    return { problems: [`${path}: expected a YAML or JSON object, found nothing`] };
  }
  // The first tells most; one slip can bring thousands behind it.
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    return { problems: [`${path}:${line}: ${firstLine(error.message)}`] };
  }
  const root: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  if (!isRecord(root)) return { problems: [`${path}: expected a YAML or JSON object`] };
  return {
    document: { root, ...placesOf(document, lines), hasMoreDocuments: documents.length > 1 },
  };
}

function placesOf(
  document: Document.Parsed,
  lines: LineCounter,
): Pick<FileDocument, 'lineOf' | 'duplicates'> {
  const places = new Map<string, number>();
  const duplicates: FilePlace[] = [];
  function visit(map: YAMLMap<ParsedNode, ParsedNode | null>, prefix: string): void {
    const seen = new Set<string>();
    for (const { key, value } of map.items) {
      const field = prefix + (isScalar(key) ? String(key.value) : '?');
      const line = lines.linePos(key.range[0]).line;
      if (seen.has(field)) duplicates.push({ field, line });
      seen.add(field);
      places.set(field, line);
      if (isMap<ParsedNode, ParsedNode | null>(value)) visit(value, `${field}.`);
    }
  }
  if (isMap<ParsedNode, ParsedNode | null>(document.contents)) visit(document.contents, '');
  return { duplicates, lineOf: (field) => places.get(field) ?? 0 };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** An object with fields, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
