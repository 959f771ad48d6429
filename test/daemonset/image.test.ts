/**
 * The image: what can be told from its files, and, under `scripts/image --run scripts/test
 * daemonset`, from the image itself. It takes minutes to build, so the usual run does not.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { describe, test } from 'node:test';
import { FOLDER } from './manifests/render.ts';

const ROOT = resolve(FOLDER, '..');
const IMAGE = process.env['IMAGE_ROOT'];
const CONTAINERFILE = readFileSync(resolve(FOLDER, 'Containerfile'), 'utf8');

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: true }>>;
}

function lockOf(path: string): Lock {
  return JSON.parse(readFileSync(resolve(ROOT, path), 'utf8')) as Lock;
}

const LOCK = lockOf('package-lock.json');

test('the image has the Node that the tests have, for both architectures', () => {
  const { packages } = lockOf('daemonset/node/package-lock.json');
  const version = LOCK.packages['node_modules/node']?.version;
  assert.ok(version !== undefined);
  for (const arch of ['arm64', 'x64']) {
    assert.equal(packages[`node_modules/node-linux-${arch}`]?.version, version);
  }
});

test('programs are installed by version, and are all that the agent runs', () => {
  const install = /--no-install-recommends \\\n((?: {6}.*\n)+)/.exec(CONTAINERFILE)?.[1] ?? '';
  const packages: readonly string[] = install.match(/[\w.+-]+(?==)/g) ?? [];
  const unpinned = install.match(/ (?!')[a-z][\w+-]+(?= )/g) ?? [];
  assert.deepEqual(unpinned, [' libatomic1']);
  const known = /PROGRAMS='([^']*)'/.exec(readFileSync(resolve(ROOT, 'scripts/install'), 'utf8'));
  const ofTheNode = (known?.[1] ?? '').split(/\s+/).flatMap((entry) => entry.split(':')[1] ?? []);
  // Those are for tests and scripts.
  const notNeeded = ['procps', 'shellcheck'];
  for (const name of ofTheNode.filter((each) => !notNeeded.includes(each))) {
    assert.ok(packages.includes(name), name);
  }
});

const skip =
  IMAGE === undefined
    ? 'the image is not built: scripts/image --run scripts/test daemonset'
    : false;

describe('the image itself', { skip }, () => {
  const root = IMAGE ?? '';

  function inImage(...command: readonly string[]): string {
    const [program = '', ...args] = command;
    const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
    return execFileSync('chroot', [root, program, ...args], { encoding: 'utf8', env });
  }

  test('every program is there, in both variants where it has them', () => {
    const programs = ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip6tables-legacy'];
    programs.push('ipset', 'ipvsadm', 'nft', 'conntrack', 'ip', 'modprobe', 'sleep');
    for (const program of programs) inImage('sh', '-c', `command -v ${program}`);
  });

  test('it answers to both names', () => {
    const { version } = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    for (const name of ['fairway', 'kube-proxy']) {
      assert.match(
        inImage(name, '--version'),
        new RegExp(`v?${version.replaceAll('.', '\\.')}\n$`),
      );
    }
    assert.equal(readlinkSync(join(root, 'usr/local/bin/kube-proxy')), 'fairway');
  });

  test('of npm’s packages it has those that the agent needs, for this machine alone', () => {
    const modules = join(root, 'usr/lib/fairway/node_modules');
    const developers = Object.entries(LOCK.packages).filter(([, { dev }]) => dev === true);
    for (const [path] of developers) {
      assert.ok(!existsSync(join(root, 'usr/lib/fairway', path)), path);
    }
    const native = globSync('**/*.{node,so,bare}', { cwd: modules });
    assert.deepEqual(native, [
      `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
    ]);
    assert.deepEqual(globSync('**/*.{map,d.ts}', { cwd: modules }), []);
  });

  test('Node finds what it has compiled', () => {
    const folder = join(root, 'usr/lib/fairway/.compiled');
    assert.ok(globSync('*/*', { cwd: folder }).length > 100);
  });

  test('nothing in it may become root by itself', () => {
    assert.equal(inImage('find', '/', '-xdev', '-type', 'f', '-perm', '/6000'), '');
  });

  test('its list of parts has every package of Debian, and no part twice', () => {
    const { components } = JSON.parse(
      readFileSync(join(root, 'usr/lib/fairway/sbom.cdx.json'), 'utf8'),
    ) as { readonly components: readonly { readonly purl: string; readonly name: string }[] };
    const purls = components.map(({ purl }) => purl);
    assert.equal(new Set(purls).size, purls.length);
    const installed = inImage('dpkg-query', '--show', '--showformat=${Package}\n')
      .trim()
      .split('\n');
    const debian = components.filter(({ purl }) => purl.startsWith('pkg:deb/'));
    assert.deepEqual(debian.map(({ name }) => name).sort(), installed.sort());
    assert.ok(purls.some((purl) => purl.startsWith('pkg:npm/zod@')));
  });
});
