/** What the tests need to know of a DaemonSet. */
import { z } from 'zod';
import { only } from './render.ts';
import type { Manifest } from './render.ts';

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.number() }) });

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z
    .array(z.object({ name: z.string(), valueFrom: z.object({ fieldRef: z.unknown() }) }))
    .default([]),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  securityContext: z.strictObject({
    runAsUser: z.number(),
    runAsNonRoot: z.literal(true).optional(),
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
    capabilities: z.strictObject({
      drop: z.tuple([z.literal('ALL')]),
      add: z.array(z.string()).default([]),
    }),
  }),
  resources: z.object({ requests: z.object({ cpu: z.string(), memory: z.string() }) }),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() }))
    .default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
});

const configMapSource = z.object({ configMap: z.object({ name: z.string() }) });

const volume = z.strictObject({
  name: z.string(),
  projected: z.object({ sources: z.array(configMapSource) }).optional(),
  hostPath: z.object({ path: z.string(), type: z.string() }).optional(),
});

const pod = z.object({
  hostNetwork: z.literal(true),
  priorityClassName: z.literal('system-node-critical'),
  serviceAccountName: z.string().optional(),
  securityContext: z.strictObject({
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  initContainers: z.array(container).default([]),
  containers: z.tuple([container]),
  volumes: z.array(volume),
});

const daemonSet = z.object({ spec: z.object({ template: z.object({ spec: pod }) }) });

export type Container = z.output<typeof container>;
export type Volume = z.output<typeof volume>;
export type Pod = z.output<typeof pod>;

/** The pod of the only DaemonSet; throws where it lacks what every pod of ours must have. */
export function podOf(manifests: readonly Manifest[]): Pod {
  return daemonSet.parse(only(manifests, 'DaemonSet')).spec.template.spec;
}

export function containersOf({ initContainers, containers }: Pod): readonly Container[] {
  return [...initContainers, ...containers];
}

/** The files of a ConfigMap, by name; throws for one that is not rendered with the rest. */
export function filesOf(
  manifests: readonly Manifest[],
  name: string,
): Readonly<Record<string, string>> {
  const found = manifests.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name,
  );
  if (found === undefined) throw new Error(`no ConfigMap ${name}`);
  return (found as { readonly data?: Readonly<Record<string, string>> }).data ?? {};
}

/** The files that a volume of ConfigMaps has. */
export function projectedFiles(
  manifests: readonly Manifest[],
  { projected }: Volume,
): Readonly<Record<string, string>> {
  const names = projected?.sources.map(({ configMap }) => configMap.name) ?? [];
  return Object.assign({}, ...names.map((name) => filesOf(manifests, name))) as ReturnType<
    typeof filesOf
  >;
}
