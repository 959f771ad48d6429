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
  /** As `privileged: true` has it: all rights of this machine's root, whatever the container says. */
  readonly isPrivileged?: boolean;
}

/** The image's, in daemonset/Containerfile. */
const ENTRYPOINT = '/usr/local/bin/fairway';

/** What the kubelet gives to critical pods (pkg/kubelet/qos/policy.go). */
const OOM_SCORE_ADJ = -997;

/** Of linux/capability.h, in its order. */
const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'],
  ...['SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW'],
  ...['IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT'],
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD'],
  ...['LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG'],
  ...['WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
];

/** Root of a machine that is a container itself may lack some. */
function ownCapabilities(): readonly string[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, effective = '0'] = /^CapEff:\s+(\w+)/m.exec(status) ?? [];
  const bits = BigInt(`0x${effective}`);
  return CAPABILITIES.filter((_name, index) => ((bits >> BigInt(index)) & 1n) === 1n);
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

/** Of a container, what a runtime has to know. */
type Asked = Pick<Container, 'command' | 'args' | 'volumeMounts' | 'securityContext'>;

/** The content of `config.json`. */
export function ociSpec(container: Asked, placement: Placement): object {
  const { securityContext, command, args } = container;
  const { runAsUser, allowPrivilegeEscalation, readOnlyRootFilesystem } = securityContext;
  const { isPrivileged = false } = placement;
  const added = isPrivileged ? ownCapabilities() : securityContext.capabilities.add;
  const caps = added.map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    hostname: 'container',
    root: { path: placement.root, readonly: isPrivileged ? false : readOnlyRootFilesystem },
    process: {
      user: { uid: runAsUser, gid: 0 },
      args: [...(command.length > 0 ? command : [ENTRYPOINT]), ...args],
      cwd: '/',
      env: Object.entries(placement.environment).map(([name, value]) => `${name}=${value}`),
      noNewPrivileges: isPrivileged ? false : !allowPrivilegeEscalation,
      capabilities: { bounding: caps, effective: caps, permitted: caps },
      ...(ownCapabilities().includes('SYS_RESOURCE') ? { oomScoreAdj: OOM_SCORE_ADJ } : {}),
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 20_000 }],
    },
    mounts: [...SYSTEM_MOUNTS, ...mountsOf(container, placement)],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        { type: 'network', path: `/run/netns/${placement.namespace}` },
      ],
      ...(isPrivileged ? {} : confined(caps)),
    },
  };
}

function confined(caps: readonly string[]): object {
  return {
    maskedPaths: MASKED_PATHS,
    readonlyPaths: READ_ONLY_PATHS,
    seccomp: seccompFor(caps),
  };
}

function mountsOf(
  { volumeMounts }: Asked,
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
