/** The demo's story: what is asked, in which order, and how the manifests change on the way. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AddressNames } from '../test/lab/scenario/addresses.ts';
import { flowSchema } from '../test/lab/scenario/schema.ts';

const DIRECTORY = join(import.meta.dirname, 'demo-cluster');

const chapterSchema = z.strictObject({
  title: z.string(),
  file: z.string().describe('the manifest that it is about'),
  becomes: z.string().optional().describe('what takes the place of that file first'),
  flows: z.array(flowSchema).min(1),
});

const storySchema = z.strictObject({
  addresses: z.record(z.string(), z.string()),
  chapters: z.array(chapterSchema).min(1),
});

export type Chapter = z.infer<typeof chapterSchema>;

export interface Story {
  readonly addresses: AddressNames;
  readonly chapters: readonly Chapter[];
}

/** demo-cluster/story.yaml; throws when it is not as the schema says. */
export function readStory(): Story {
  const file = join(DIRECTORY, 'story.yaml');
  const parsed = storySchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A copy of the manifests for the agents to watch and for people to edit; its path. */
export function copyManifests(parent: string): string {
  const manifests = join(parent, 'manifests');
  mkdirSync(manifests);
  cpSync(join(DIRECTORY, 'manifests'), manifests, { recursive: true });
  return manifests;
}

/** Carry out a chapter's edit in the copy. */
export function editManifest(manifests: string, { file, becomes = file }: Chapter): void {
  const folder = becomes === file ? 'manifests' : 'edits';
  cpSync(join(DIRECTORY, folder, becomes), join(manifests, file));
}
