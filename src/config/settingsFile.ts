/** From a configuration file's document to settings, by a table of fields; and back. */
import type { Config } from './schema.ts';
import { isRecord, readDocument } from './document.ts';
import type { FileDocument, FilePlace, SourceFile } from './document.ts';
import type { FileField, FileFields } from './fileFields.ts';
import { KINDS, isZero } from './fileValues.ts';
import type { FileValue } from './fileValues.ts';
import { valueAt } from './layers.ts';
import type { Layer, Setting } from './layers.ts';

/** Which kind of file it is; its fields. */
export interface FileForm {
  readonly apiVersion: string;
  readonly kind: string;
  readonly fields: FileFields;
}

export interface FileContent {
  readonly settings: Layer;
  /** What a strict reader refuses: fields that the form does not have. */
  readonly unknown: readonly FilePlace[];
  readonly duplicates: readonly FilePlace[];
  readonly hasMoreDocuments: boolean;
  /** What nobody can read, one line each. */
  readonly problems: readonly string[];
}

const NOTHING = { settings: new Map(), unknown: [], duplicates: [], hasMoreDocuments: false };

export function readSettings(file: SourceFile, form: FileForm): FileContent {
  const { document, problems } = readDocument(file);
  if (problems !== undefined) return { ...NOTHING, problems };
  const wrongForm = checkForm(file, document, form);
  if (wrongForm.length > 0) return { ...NOTHING, problems: wrongForm };
  const { duplicates, hasMoreDocuments } = document;
  return { ...walk(file, document, form.fields), duplicates, hasMoreDocuments };
}

function checkForm({ path }: SourceFile, document: FileDocument, form: FileForm): string[] {
  return (['apiVersion', 'kind'] as const).flatMap((field) => {
    const found = document.root[field];
    if (found === form[field]) return [];
    const where = `${path}:${Math.max(1, document.lineOf(field))}: ${field}`;
    return [`${where}: expected ${form[field]}, found ${show(found)}`];
  });
}

function walk(file: SourceFile, document: FileDocument, fields: FileFields) {
  const settings = new Map<string, Setting>();
  const unknown: FilePlace[] = [];
  const problems: string[] = [];
  const sections = sectionsOf(fields);

  function visit(value: unknown, name: string): void {
    const field = fields.get(name);
    // Like no field at all: Go leaves what it has.
    if (value === null || value === undefined) return;
    const where = `${file.path}:${document.lineOf(name)}: ${name}`;
    if (field !== undefined) readField(field, value, where);
    else if (isRecord(value)) visitAll(value, `${name}.`);
    else problems.push(`${where}: expected a section with fields, found ${show(value)}`);
  }

  function visitAll(section: Readonly<Record<string, unknown>>, prefix: string): void {
    for (const [key, value] of Object.entries(section)) {
      const name = prefix + key;
      const isKnown = !key.includes('.') && (fields.has(name) || sections.has(name));
      if (isKnown) visit(value, name);
      else unknown.push({ field: name, line: document.lineOf(name) });
    }
  }

  function readField({ path, kind, zeroIsDefault }: FileField, value: unknown, where: string) {
    const text = KINDS[kind].read(value);
    if (text === undefined) {
      problems.push(`${where}: expected ${KINDS[kind].expected}, found ${show(value)}`);
    } else if (!zeroIsDefault || !isZero(text)) {
      settings.set(path, { text, source: where, origin: 'file' });
    }
  }

  const { apiVersion: _apiVersion, kind: _kind, ...content } = document.root;
  visitAll(content, '');
  return { settings, unknown, problems };
}

/** `logging.options.text.splitStream` stands in `logging`, `logging.options`, and so on. */
function sectionsOf(fields: FileFields): ReadonlySet<string> {
  const sections = new Set<string>();
  for (const name of fields.keys()) {
    const keys = name.split('.');
    for (let length = 1; length < keys.length; length += 1) {
      sections.add(keys.slice(0, length).join('.'));
    }
  }
  return sections;
}

/** A value in a message: on one line, and not for long. */
function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

interface Section {
  [key: string]: FileValue | Section;
}

/** What a file of this form would say so that just this Config comes of it. */
export function printSettings(config: Config, { apiVersion, kind, fields }: FileForm): Section {
  const root: Section = { apiVersion, kind };
  for (const [name, field] of fields) {
    const keys = name.split('.');
    const leaf = keys.pop() ?? '';
    let section = root;
    for (const key of keys) section = section[key] = sectionOf(section[key]);
    // The table of fields says that what is there is of this kind; a test walks through all.
    section[leaf] = KINDS[field.kind].print(valueAt(config, field.path) as never);
  }
  return root;
}

function sectionOf(value: Section[string] | undefined): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Section)
    : {};
}
