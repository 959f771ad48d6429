/**
 * What a comparison puts into the cluster, all of it in a namespace of its own. Services have no
 * selector: who stands behind them is ours to say.
 */
import type { ServiceName } from '../measure/ground.ts';
import { DEFAULT_PORTS } from '../servers/ports.ts';
import type { ServePorts } from '../servers/ports.ts';
import type { Json } from './api.ts';

/** All that we make has this label. */
export const LABELS = { 'app.kubernetes.io/managed-by': 'fairway-compare' };
/** On the namespace: what to put back should this process not come to it. */
export const RESTORE_ANNOTATION = 'fairway.dev/compare-restore';

/** Where probes take orders; on the host, too, so none that others use. */
export const PROBE_PORT = 17_070;

export const SERVICE_PORTS: ServePorts = { http: 80, tcp: 81, bulk: 82, udp: 53 };
const PORT_NAMES = Object.keys(SERVICE_PORTS) as (keyof ServePorts)[];

export interface PodOptions {
  readonly name: string;
  readonly node: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly token: string;
  readonly isHostNetwork?: boolean;
}

export function namespaceObject(name: string, restore: string): Json {
  // A probe on the host's network is more than any other level of pod security lets in.
  const labels = { ...LABELS, 'pod-security.kubernetes.io/enforce': 'privileged' };
  const metadata = { name, labels, annotations: { [RESTORE_ANNOTATION]: restore } };
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

/** Bound to its node without the scheduler: cordoned nodes and full ones are measured, too. */
export function podObject(options: PodOptions): Json {
  const { name, node, image, args, token, isHostNetwork = false } = options;
  const container = {
    ...{ name: 'fairway', image, args },
    env: [{ name: 'FAIRWAY_TOKEN', value: token }],
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 65_532,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
  const spec = {
    ...{ nodeName: node, hostNetwork: isHostNetwork, restartPolicy: 'Never' },
    ...{ automountServiceAccountToken: false, enableServiceLinks: false },
    ...{ terminationGracePeriodSeconds: 0, tolerations: [{ operator: 'Exists' }] },
    containers: [container],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: LABELS }, spec };
}

export function serviceObject(name: ServiceName): Json {
  const ports = PORT_NAMES.map((port) => ({
    name: port,
    protocol: protocolOf(port),
    port: SERVICE_PORTS[port],
    targetPort: DEFAULT_PORTS[port],
  }));
  const sessionAffinity = name === 'sticky' ? 'ClientIP' : 'None';
  const spec = { type: 'NodePort', ports, sessionAffinity };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, labels: LABELS }, spec };
}

function protocolOf(port: keyof ServePorts): 'TCP' | 'UDP' {
  return port === 'udp' ? 'UDP' : 'TCP';
}

export interface Server {
  readonly ip: string;
  readonly node: string;
}

/** An endpoint slice `SERVICE-SUFFIX`; `ports` differs only where an endpoint is to be wrong. */
export function sliceObject(
  service: string,
  suffix: string,
  servers: readonly Server[],
  ports: ServePorts = DEFAULT_PORTS,
): Json {
  const labels = { ...LABELS, 'kubernetes.io/service-name': service };
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
    metadata: { name: `${service}-${suffix}`, labels },
    addressType: servers.some(({ ip }) => ip.includes(':')) ? 'IPv6' : 'IPv4',
    ports: PORT_NAMES.map((name) => ({ name, protocol: protocolOf(name), port: ports[name] })),
    endpoints: servers.map(({ ip, node }) => ({
      addresses: [ip],
      nodeName: node,
      conditions: { ready: true, serving: true, terminating: false },
    })),
  };
}

/** One of the many that are only there. */
export function otherService(index: number): Json {
  const metadata = { name: `other-${String(index)}`, labels: LABELS };
  const spec = { ports: [{ name: 'http', protocol: 'TCP', port: 80 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}
