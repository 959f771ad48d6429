import { parseNode } from '../model/parseNode.ts';
import { parseService } from '../model/parseService.ts';
import { parseSlice } from '../model/parseSlice.ts';
import type { Problem } from '../model/types.ts';
import { objectName } from './objectName.ts';
import { parseDocuments } from './parseDocuments.ts';
import type { ParsedDocument, Path } from './parseDocuments.ts';
import { KINDS } from './source.ts';
import type { Kind, ObjectName } from './source.ts';

/** An object of a kind that we use. */
export interface ManifestObject {
  readonly kind: Kind;
  readonly name: ObjectName;
  readonly object: unknown;
  readonly file: string;
  /** Where it begins; asked for rarely, and then costly. */
  line(): number;
}

/** Something wrong in a file. */
export interface ManifestProblem {
  readonly file: string;
  readonly line: number;
  /** As `kubectl explain` spells it; empty for a document as a whole. */
  readonly field: string;
  readonly message: string;
  /**
   * Whether it is unknown what objects the file holds. Otherwise only a part of one object is
   * left out, just as when it had come from an API server.
   */
  readonly isFatal: boolean;
}

export interface ManifestContent {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

/** The objects in the text of a file. Other kinds are passed over in silence. */
export function manifestObjects(file: string, text: string): ManifestContent {
  const { documents, problems: syntax } = parseDocuments(text);
  const objects: ManifestObject[] = [];
  const problems: ManifestProblem[] = syntax.map(({ line, message }) => ({
    file,
    line,
    field: '',
    message,
    isFatal: true,
  }));
  for (const document of documents) {
    for (const place of placesIn(document)) {
      const read = readPlace(place, file);
      objects.push(...read.objects);
      problems.push(...read.problems);
    }
  }
  return { objects, problems };
}

/** One object in a document: the document itself, or an item of the list that it is. */
interface Place {
  readonly document: ParsedDocument;
  readonly path: Path;
  readonly value: unknown;
  /** What the list around it says of its items, which need not say it themselves. */
  readonly type: TypeNames;
}

interface TypeNames {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
}

function placesIn(document: ParsedDocument): readonly Place[] {
  const { apiVersion, kind, items } = record(document.value);
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) {
    return [{ document, path: [], value: document.value, type: {} }];
  }
  const type = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
  const list: readonly unknown[] = items;
  return list.map((value, index) => ({ document, path: ['items', index], value, type }));
}

const API_GROUPS: Readonly<Record<Kind, string>> = {
  Service: '',
  EndpointSlice: 'discovery.k8s.io',
  Node: '',
};

const PARSERS: Readonly<Record<Kind, (object: unknown) => readonly Problem[]>> = {
  Service: (object) => parseService(object).problems,
  EndpointSlice: (object) => parseSlice(object).problems,
  Node: (object) => parseNode(object).problems,
};

function readPlace(place: Place, file: string): ManifestContent {
  const {
    apiVersion,
    kind: kindText,
    metadata,
  } = record({ ...place.type, ...record(place.value) });
  if (typeof apiVersion !== 'string' || typeof kindText !== 'string') {
    const message = 'expected an object with apiVersion and kind, found something else';
    return onlyProblem(problemAt(place, file, '', message));
  }
  const kind = kindOf(apiVersion, kindText);
  if (kind === undefined) return { objects: [], problems: [] };
  if (!/(^|\/)v1$/.test(apiVersion)) {
    const message = `expected version v1 of this kind, found '${apiVersion}'`;
    return onlyProblem(problemAt(place, file, 'apiVersion', message));
  }
  return readObject(place, file, kind, withNamespace(kind, metadata));
}

function readObject(
  place: Place,
  file: string,
  kind: Kind,
  metadata: Record<string, unknown>,
): ManifestContent {
  const object = { ...record(place.value), metadata };
  const name = objectName(object);
  if (name === undefined) {
    return onlyProblem(problemAt(place, file, 'metadata.name', 'expected a name, found none'));
  }
  const problems = PARSERS[kind](object).map((problem) => ({
    ...problemAt(place, file, problem.field, problem.message),
    isFatal: false,
  }));
  return { objects: [{ kind, name, object, file, line: () => lineAt(place, '') }], problems };
}

/** Other API groups have kinds of the same name: Knative's Service is none of ours. */
function kindOf(apiVersion: string, text: string): Kind | undefined {
  const kind = KINDS.find((each) => each === text);
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return kind !== undefined && group === API_GROUPS[kind] ? kind : undefined;
}

function withNamespace(kind: Kind, metadata: unknown): Record<string, unknown> {
  const fields = record(metadata);
  const isMissing = (fields['namespace'] ?? '') === '';
  return kind !== 'Node' && isMissing ? { ...fields, namespace: 'default' } : fields;
}

function onlyProblem(problem: ManifestProblem): ManifestContent {
  return { objects: [], problems: [problem] };
}

function problemAt(place: Place, file: string, field: string, message: string): ManifestProblem {
  return { file, line: lineAt(place, field), field, message, isFatal: true };
}

function lineAt({ document, path }: Place, field: string): number {
  return document.lineOf([...path, ...fieldPath(field)]);
}

/** `spec.ports[0].port` or `metadata.labels[a.b/c]` as steps. */
function fieldPath(field: string): (string | number)[] {
  const steps = field.match(/\[[^\]]*\]|[^.[]+/g) ?? [];
  return steps.map((step) => {
    const key = step.startsWith('[') ? step.slice(1, -1) : step;
    return step.startsWith('[') && /^\d+$/.test(key) ? Number(key) : key;
  });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
