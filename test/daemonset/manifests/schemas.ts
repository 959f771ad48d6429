/**
 * Objects against Kubernetes' own OpenAPI schemas, and those of the Prometheus operator's custom
 * resources, both as the npm package kubernetes-models has them: once as validators, and once as
 * types, since a schema lets fields pass that it does not know, as the API server then drops them.
 */
import ts from 'typescript';
import { resolve } from 'node:path';
import type { Manifest } from './render.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};

/** What is wrong with them, one line each; empty when all is well. */
export async function checkSchemas(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const found = await Promise.all(manifests.map(validate));
  return [...found.flat(), ...checkTypes(manifests)];
}

function moduleOf({ apiVersion, kind }: Manifest): string {
  const [group = ''] = apiVersion.split('/');
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** A class that a schema was made into. */
type Model = new (data: unknown) => { validate(): void };

async function validate(manifest: Manifest): Promise<readonly string[]> {
  const module = (await import(moduleOf(manifest))) as Readonly<Record<string, Model | undefined>>;
  const model = module[manifest.kind];
  if (model === undefined) return [`${nameOf(manifest)}: its package has no such kind`];
  try {
    new model(manifest).validate();
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${String(error)}`];
  }
}

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts'],
  types: [],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
};

/** A file that is nowhere but here; its folder says where packages are looked for. */
const FILE = resolve(import.meta.dirname, 'rendered.ts');

function checkTypes(manifests: readonly Manifest[]): readonly string[] {
  const text = manifests.map(declaration).join('\n');
  const host = ts.createCompilerHost(OPTIONS);
  const fromDisk = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === FILE
      ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2024)
      : fromDisk(name, ...rest);
  const program = ts.createProgram([FILE], OPTIONS, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** As the literal that an object is, a field that its type does not know is an error. */
function declaration(manifest: Manifest, index: number): string {
  const type = `Type${String(index)}`;
  return [
    `import type { I${manifest.kind} as ${type} } from '${moduleOf(manifest)}';`,
    `export const object${String(index)}: ${type} = ${JSON.stringify(manifest)};`,
  ].join('\n');
}
