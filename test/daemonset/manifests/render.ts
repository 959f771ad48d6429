/** The folders of daemonset/, as kubectl renders them for the cluster. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const FOLDER = resolve(import.meta.dirname, '../../../daemonset');

/** Those that run the agent of this repository with its own name. */
export const OVERLAYS = ['iptables', 'ipvs', 'userspace', 'beside'] as const;

/** All that can be applied. */
export const APPLICABLE = [...OVERLAYS, 'kubeadm', 'cleanup', 'monitoring'] as const;

/** Any object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** kubectl knows components since 1.21. */
const OLDEST = [1, 21] as const;

/** Why nothing can be rendered here; false where it can. */
export function whyNoKubectl(): string | false {
  const { error, stdout } = spawnSync('kubectl', ['version', '--client'], { encoding: 'utf8' });
  if (error !== undefined) return 'kubectl is not installed';
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(stdout) ?? [];
  const isOld = Number(major) === OLDEST[0] && Number(minor) < OLDEST[1];
  return isOld ? `kubectl 1.21 or newer is needed, this is ${stdout.trim()}` : false;
}

/** Throws with what kubectl says when it refuses the folder. */
export function render(overlay: (typeof APPLICABLE)[number]): readonly Manifest[] {
  const run = spawnSync('kubectl', ['kustomize', resolve(FOLDER, overlay)], { encoding: 'utf8' });
  if (run.status !== 0 || run.stderr !== '') throw new Error(`${overlay}: ${run.stderr}`);
  return parseManifests(run.stdout);
}

export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS() as Manifest;
  });
}

/** The only object of this kind; throws when there is none, or more than one. */
export function only(manifests: readonly Manifest[], kind: string): Manifest {
  const [found, ...others] = manifests.filter((each) => each.kind === kind);
  if (found === undefined || others.length > 0) {
    throw new Error(`expected one ${kind}, found ${String(others.length + (found ? 1 : 0))}`);
  }
  return found;
}
