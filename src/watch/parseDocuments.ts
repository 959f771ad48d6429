import { isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { Document } from 'yaml';

/** Field names and list indexes. */
export type Path = readonly (string | number)[];

/** A value in a file, with a way to say where something in it stands. */
export interface ParsedDocument {
  readonly value: unknown;
  /** The line of what a path leads to, or of the nearest thing around it; 1 is the first. */
  lineOf(path: Path): number;
}

/** A place where the text is neither YAML nor JSON. */
export interface SyntaxProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedText {
  readonly documents: readonly ParsedDocument[];
  readonly problems: readonly SyntaxProblem[];
}

/** The documents of a YAML or JSON text; empty ones are left out. */
export function parseDocuments(text: string): ParsedText {
  const json = parseJson(text);
  return json === undefined ? parseYaml(text) : { documents: [json], problems: [] };
}

/**
 * JSON is YAML, but JSON.parse is a hundred times faster, which counts for the dump of a cluster.
 * Lines are wanted only for the few documents with a problem: then the text is read as YAML too.
 */
function parseJson(text: string): ParsedDocument | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  let located: ParsedDocument | undefined;
  return {
    value,
    lineOf(path) {
      located ??= parseYaml(text).documents[0];
      return located?.lineOf(path) ?? 1;
    },
  };
}

function parseYaml(text: string): ParsedText {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents = 'empty' in parsed ? [] : parsed;
  const problems = documents
    .flatMap(({ errors }) => errors)
    .map(({ message, pos }) => ({ line: lines.linePos(pos[0]).line, message }));
  if (problems.length > 0) return { documents: [], problems };
  return {
    documents: documents
      .map((document) => ({
        value: document.toJS() as unknown,
        lineOf: (path: Path) => lineIn(document, path, lines),
      }))
      .filter(({ value }) => value !== null),
    problems,
  };
}

function lineIn(document: Document, path: Path, lines: LineCounter): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const found = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const start = isNode(found) ? found.range?.[0] : undefined;
    if (start !== undefined) return lines.linePos(start).line;
  }
  return 1;
}
