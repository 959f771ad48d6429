/**
 * `NODE_COMPILE_CACHE=FOLDER node compile.ts PROGRAM`: import every module of the agent in PROGRAM
 * (the folder that has src), so that Node leaves in FOLDER what it compiled. In a container with a
 * read-only root nobody could write it later.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const source = join(process.argv[2] ?? '', 'src');

function load(file: string): Promise<unknown> {
  return import(pathToFileURL(join(source, file)).href);
}

// What V8 keeps is good only for the flags that it was made with: the agent's first act is this.
const { startSmall } = (await load('cli/memory.ts')) as { startSmall: () => void };
startSmall();
for (const file of globSync('**/*.ts', { cwd: source }).sort()) {
  // That one would be the agent.
  if (file !== 'main.ts') await load(file);
}
