/**
 * From a container of a manifest to what an OCI runtime is told, as the kubelet and containerd do it
 * for a pod in the node's network: the manifest's capabilities and mounts, and no others.
 */
import { readFileSync } from 'node:fs';
import type { Container } from '../../manifests/pod.ts';
import { seccompFor } from './seccomp.ts';

export interface Placement {
  /** Folder that becomes the container's root. */
  readonly root: string;
  /** Folder or file of the node for each volume, by the volume's name. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Where a pod finds its service account; undefined for one without. */
  readonly serviceAccount: string | undefined;
  /** Name of the network namespace that is the node's. */
  readonly namespace: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Binds of the test itself: source and place. */
  readonly binds: readonly (readonly [string, string])[];
}

/** The image's, in daemonset/Containerfile. */
const ENTRYPOINT = '/usr/local/bin/fairway';

/** What the kubelet gives to critical pods (pkg/kubelet/qos/policy.go). */
const OOM_SCORE_ADJ = -997;

/** CAP_SYS_RESOURCE, which root of a machine that is a container itself may lack. */
function mayLowerOomScore(): boolean {
  const [, effective = '0'] =
    /^CapEff:\s+(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return (BigInt(`0x${effective}`) & (1n << 24n)) !== 0n;
}

/** As containerd has them (oci/spec.go, oci/mounts.go). */
const MASKED = ['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats'];
const MASKED_PATHS = [
  ...[...MASKED, 'sched_debug', 'scsi'].map((name) => `/proc/${name}`),
  '/sys/firmware',
];
const READ_ONLY_PATHS = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);
const SYSTEM_MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
  {
    ...{ destination: '/sys', type: 'sysfs', source: 'sysfs' },
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
];

/** The content of `config.json`. */
export function ociSpec(container: Container, placement: Placement): object {
  const { securityContext, command, args } = container;
  const { runAsUser, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext;
  const caps = securityContext.capabilities.add.map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    hostname: 'container',
    root: { path: placement.root, readonly: readOnlyRootFilesystem },
    process: {
      user: { uid: runAsUser, gid: 0 },
      args: [...(command.length > 0 ? command : [ENTRYPOINT]), ...args],
      cwd: '/',
      env: Object.entries(placement.environment).map(([name, value]) => `${name}=${value}`),
      noNewPrivileges: !allowPrivilegeEscalation,
      capabilities: { bounding: caps, effective: caps, permitted: caps },
      ...(mayLowerOomScore() ? { oomScoreAdj: OOM_SCORE_ADJ } : {}),
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 20_000 }],
    },
    mounts: [...SYSTEM_MOUNTS, ...mountsOf(container, placement)],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        { type: 'network', path: `/run/netns/${placement.namespace}` },
      ],
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READ_ONLY_PATHS,
      seccomp: seccompFor(caps),
    },
  };
}

function mountsOf(
  { volumeMounts }: Container,
  { volumes, serviceAccount, binds }: Placement,
): readonly object[] {
  const named = volumeMounts.map(({ name, mountPath, readOnly = false }) => {
    const source = volumes.get(name);
    if (source === undefined) throw new Error(`no volume ${name}`);
    return bind(source, mountPath, readOnly);
  });
  const account =
    serviceAccount === undefined
      ? []
      : [bind(serviceAccount, '/var/run/secrets/kubernetes.io/serviceaccount', true)];
  return [...named, ...account, ...binds.map(([source, place]) => bind(source, place, true))];
}

function bind(source: string, destination: string, isReadOnly: boolean): object {
  const options = ['rbind', 'rprivate', isReadOnly ? 'ro' : 'rw'];
  return { destination, type: 'bind', source, options };
}
