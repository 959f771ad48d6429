/** What the guest boots from: Debian's stock kernel and a small initramfs, kept in the cache. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { loadOrder } from './modules.ts';

const PACKAGE = 'linux-image-amd64';

/** Where all of it is kept. */
export const CACHE = resolve(import.meta.dirname, '../../.cache/vm');

/** To reach the host's root through 9p and lay a writable layer over it. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

export interface Bootable {
  readonly kernel: string;
  readonly initramfs: string;
}

/** Quick when all is there; throws, with what the tool said, when it cannot be had. */
export function prepareGuest(): Bootable {
  mkdirSync(CACHE, { recursive: true });
  const root = join(CACHE, 'root');
  const boot = join(root, 'boot');
  if (!existsSync(join(CACHE, 'complete'))) {
    rmSync(root, { recursive: true, force: true });
    unpackKernel(root);
    writeFileSync(join(CACHE, 'complete'), '');
  }
  const kernel = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'));
  if (kernel === undefined) throw new Error(`expected a kernel in ${boot}, found none`);
  buildInitramfs(join(root, 'lib/modules', kernel.slice('vmlinuz-'.length)));
  return { kernel: join(boot, kernel), initramfs: join(CACHE, 'initramfs') };
}

/** Not installed: that would make an initramfs and change the machine's boot loader. */
function unpackKernel(root: string): void {
  const name = nameOfKernel() ?? (run('apt-get', ['update']), nameOfKernel());
  if (name === undefined) {
    throw new Error(`expected apt-cache to know what kernel ${PACKAGE} depends on, found none`);
  }
  run('apt-get', ['download', name]);
  const file = readdirSync(CACHE).find((each) => each.startsWith(`${name}_`));
  if (file === undefined) throw new Error(`expected apt-get to download ${name}`);
  run('dpkg-deb', ['-x', file, root]);
  rmSync(join(CACHE, file));
  run('depmod', ['-b', root, name.slice('linux-image-'.length)]);
}

/** The package that PACKAGE stands for; undefined while apt has no lists. */
function nameOfKernel(): string | undefined {
  try {
    return /Depends: (linux-image-\S+)/.exec(run('apt-cache', ['depends', PACKAGE]))?.[1];
  } catch {
    return undefined;
  }
}

function buildInitramfs(modules: string): void {
  const tree = join(CACHE, 'tree');
  rmSync(tree, { recursive: true, force: true });
  for (const folder of ['bin', 'modules']) mkdirSync(join(tree, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  copyFileSync(join(import.meta.dirname, 'guest/init'), join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  const modulesDep = readFileSync(join(modules, 'modules.dep'), 'utf8');
  for (const [index, path] of loadOrder(modulesDep, MODULES).entries()) {
    const name = `${String(index).padStart(2, '0')}-${basename(path, '.xz')}`;
    writeFileSync(join(tree, 'modules', name), readModule(join(modules, path)));
  }
  run('sh', ['-c', 'cd tree && find . | /bin/busybox cpio -o -H newc >../initramfs']);
}

function readModule(file: string): Buffer {
  return file.endsWith('.xz')
    ? execFileSync('xz', ['-dc', file], { maxBuffer: 2 ** 26 })
    : readFileSync(file);
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    cwd: CACHE,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
