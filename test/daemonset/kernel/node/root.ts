/**
 * The root folder of containers: the image's, where scripts/image has built it, or else this machine
 * with this checkout in the image's place. The latter tells as much about capabilities and mounts,
 * without the minutes that an image takes to build.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

const ROOT = resolve(import.meta.dirname, '../../../..');

/** Set by `scripts/image --run`. */
const IMAGE = process.env['IMAGE_ROOT'];

export const ROOT_NAME = IMAGE === undefined ? 'this machine' : 'the image';

export interface ContainerRoot {
  readonly path: string;
  /** What must be mounted into it besides: source and place. */
  readonly binds: readonly (readonly [string, string])[];
  remove(): void;
}

/** A layer of its own above, as a runtime makes it, for the places where volumes are mounted. */
export function openRoot(): ContainerRoot {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-root-'));
  const [layers, path] = [join(folder, 'layers'), join(folder, 'root')];
  mkdirSync(layers);
  mkdirSync(path);
  // In memory, since a layer may not lie inside of another.
  mount('-t', 'tmpfs', 'tmpfs', layers);
  for (const name of ['upper', 'work']) mkdirSync(join(layers, name));
  if (IMAGE === undefined) linkPrograms(join(layers, 'upper'));
  const lower = `lowerdir=${IMAGE ?? '/'}`;
  const options = `${lower},upperdir=${layers}/upper,workdir=${layers}/work`;
  mount('-t', 'overlay', 'overlay', '-o', options, path);
  function remove(): void {
    for (const place of [path, layers]) execFileSync('umount', ['--lazy', place]);
    rmSync(folder, { recursive: true });
  }
  // A signal ends this process by way of its exit, as the lab has it.
  process.once('exit', remove);
  return {
    path,
    binds: IMAGE === undefined ? [...checkout()] : [],
    remove() {
      process.off('exit', remove);
      remove();
    },
  };
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args);
}

/** As the Containerfile does it. */
function linkPrograms(upper: string): void {
  const bin = join(upper, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  for (const folder of ['', 'usr', 'usr/local']) chmodSync(join(upper, folder), 0o755);
  symlinkSync('/usr/lib/fairway/src/main.ts', join(bin, 'fairway'));
  symlinkSync('fairway', join(bin, 'kube-proxy'));
}

function checkout(): readonly (readonly [string, string])[] {
  const parts = ['src', 'node_modules', 'package.json'];
  return [
    ...parts.map((part) => [join(ROOT, part), `/usr/lib/fairway/${part}`] as const),
    [process.execPath, '/usr/local/bin/node'],
  ];
}
