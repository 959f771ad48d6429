/**
 * `node sbom.ts PROGRAM`: print what the image that this runs in is made of, as a CycloneDX 1.5
 * document: Debian's packages, the npm packages in PROGRAM/node_modules, and Node.
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

interface Component {
  readonly type: 'library' | 'application';
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec; also the component's reference. */
  readonly purl: string;
}

function debianPackages(): readonly Component[] {
  const format = '${Package}\t${Version}\t${Architecture}\n';
  const listed = execFileSync('dpkg-query', ['--show', `--showformat=${format}`]).toString();
  return listed
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [name = '', version = '', arch = ''] = line.split('\t');
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`;
      return { type: 'library', name, version, purl };
    });
}

/** Those that are there, not those that a lock file speaks of. */
function npmPackages(program: string): readonly Component[] {
  const pattern = 'node_modules/**/package.json';
  const found = globSync(pattern, { cwd: program }).flatMap((file): readonly Component[] => {
    const { name, version } = JSON.parse(readFileSync(join(program, file), 'utf8')) as Package;
    // Folders of a package may have a package.json that only says how to read their files.
    if (name === undefined || version === undefined) return [];
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return [{ type: 'library', name, version, purl }];
  });
  // The same version may be there twice, for different dependents.
  return [...new Map(found.map((component) => [component.purl, component])).values()];
}

interface Package {
  readonly name?: string;
  readonly version?: string;
}

function runtime(): Component {
  const version = process.versions.node;
  const purl = `pkg:generic/node@${version}?arch=${process.arch}`;
  return { type: 'application', name: 'node', version, purl };
}

const [, , program = ''] = process.argv;
const { version } = JSON.parse(readFileSync(join(program, 'package.json'), 'utf8')) as Package;
const components = [...debianPackages(), runtime(), ...npmPackages(program)]
  .toSorted((a, b) => (a.purl < b.purl ? -1 : 1))
  .map((component) => ({ ...component, 'bom-ref': component.purl }));
const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { type: 'application', name: 'fairway', version } },
  components,
};
process.stdout.write(`${JSON.stringify(document, undefined, 1)}\n`);
