import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { manifestObjects } from './manifestObjects.ts';
import type { ManifestContent, ManifestObject, ManifestProblem } from './manifestObjects.ts';

/** The path that stands for standard input. */
export const STDIN = '-';

const MANIFEST = /\.(ya?ml|json)$/;

/**
 * All objects in a file, in the manifests of a directory (not of those below it, in the order of
 * their names), or for `-` in `stdin`. What cannot be read is a problem, not an exception.
 */
export async function readManifests(path: string, stdin: Readable): Promise<ManifestContent> {
  if (path === STDIN) return merge([await readOne('standard input', textOf(stdin))]);
  try {
    const files = await filesAt(path);
    return merge(await Promise.all(files.map((file) => readOne(file, readFile(file, 'utf8')))));
  } catch (error) {
    return unreadable(path, error);
  }
}

async function filesAt(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => MANIFEST.test(name))
    .sort()
    .map((name) => join(path, name));
}

async function readOne(file: string, text: Promise<string>): Promise<ManifestContent> {
  try {
    return manifestObjects(file, await text);
  } catch (error) {
    return unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): ManifestContent {
  const message = error instanceof Error ? error.message : String(error);
  return { objects: [], problems: [{ file, line: 1, field: '', message, isFatal: true }] };
}

/** Everything together; an object that is there twice is a problem. */
function merge(contents: readonly ManifestContent[]): ManifestContent {
  const objects = contents.flatMap((content) => content.objects);
  const problems = contents.flatMap((content) => content.problems);
  return { objects, problems: [...problems, ...repeated(objects)] };
}

function repeated(objects: readonly ManifestObject[]): readonly ManifestProblem[] {
  const firsts = new Map<string, ManifestObject>();
  return objects.flatMap((object) => {
    const { kind, name, file } = object;
    const first = firsts.get(`${kind} ${name}`);
    if (first === undefined) {
      firsts.set(`${kind} ${name}`, object);
      return [];
    }
    const message = `expected each object once, found it at ${first.file}:${String(first.line())} too`;
    return [{ file, line: object.line(), field: 'metadata.name', message, isFatal: true }];
  });
}
