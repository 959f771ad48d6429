/** What a service account may do, one line for each verb: `list discovery.k8s.io/endpointslices`. */
import { only } from './render.ts';
import type { Manifest } from './render.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export function grant(verb: string, group: string, resource: string): string {
  return `${verb} ${group === '' ? resource : `${group}/${resource}`}`;
}

/** All that the only ClusterRole grants, in order. */
export function grantsOf(manifests: readonly Manifest[]): readonly string[] {
  const { rules } = only(manifests, 'ClusterRole') as Manifest & {
    readonly rules: readonly Rule[];
  };
  return rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => grant(verb, group, resource))),
      ),
    )
    .sort();
}
