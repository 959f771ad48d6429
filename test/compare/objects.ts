/** The Services of the comparison in the lab, and who stands behind them. */
import type { ServiceName } from '../../src/compare/measure/ground.ts';
import { DEFAULT_PORTS } from '../../src/compare/servers/ports.ts';
import type { ServePorts } from '../../src/compare/servers/ports.ts';
import { memberNamed } from '../lab/topology.ts';
import type { Kind } from '../../src/watch/source.ts';
import type { FakeObject } from '../support/fakeApiServerStore.ts';

/** Far behind the addresses of the other Services. */
export const CLUSTER_IPS: Readonly<Record<ServiceName, string>> = {
  near: '10.96.250.1',
  spread: '10.96.250.2',
  sticky: '10.96.250.3',
  moving: '10.96.250.4',
};

export const SERVICE_PORTS: ServePorts = { http: 80, tcp: 81, bulk: 82, udp: 53 };

const NODE_PORT_BASES: Readonly<Record<ServiceName, number>> = {
  near: 30_100,
  spread: 30_110,
  sticky: 30_120,
  moving: 30_130,
};
const PORT_NAMES = Object.keys(SERVICE_PORTS) as (keyof ServePorts)[];

export function nodePort(service: ServiceName, port: keyof ServePorts): number {
  return NODE_PORT_BASES[service] + PORT_NAMES.indexOf(port);
}

/** Pods that serve, by node. */
export const SERVERS = ['pod1b', 'pod1c', 'pod2b', 'pod2c'] as const;
export const NEAR_SERVERS: readonly string[] = SERVERS.slice(0, 2);

/** An object with the kind that the fake API server files it under. */
export type KindedObject = readonly [Kind, FakeObject];

/** `namespace/name`. */
export type KindedName = readonly [Kind, string];

export function serviceObject(service: ServiceName): KindedObject {
  const clusterIP = CLUSTER_IPS[service];
  const ports = PORT_NAMES.map((name) => ({
    name,
    protocol: name === 'udp' ? 'UDP' : 'TCP',
    port: SERVICE_PORTS[name],
    targetPort: DEFAULT_PORTS[name],
    nodePort: nodePort(service, name),
  }));
  const spec = {
    ...{ type: 'NodePort', clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ports },
    sessionAffinity: service === 'sticky' ? 'ClientIP' : 'None',
  };
  return ['Service', { metadata: { name: service, namespace: 'compare' }, spec }];
}

/** These pods and no others stand behind the Service. */
export function sliceObject(service: ServiceName, pods: readonly string[]): KindedObject {
  const labels = { 'kubernetes.io/service-name': service };
  const endpoints = pods.map((pod) => ({
    addresses: [memberNamed(pod).addresses[0]],
    nodeName: memberNamed(pod).node,
    conditions: { ready: true, serving: true, terminating: false },
  }));
  const ports = PORT_NAMES.map((name) => ({
    name,
    protocol: name === 'udp' ? 'UDP' : 'TCP',
    port: DEFAULT_PORTS[name],
  }));
  const metadata = { name: `${service}-1`, namespace: 'compare', labels };
  return ['EndpointSlice', { metadata, addressType: 'IPv4', ports, endpoints }];
}

export function nodeObject(name: string): KindedObject {
  const addresses = [{ type: 'InternalIP', address: memberNamed(name).addresses[0] }];
  return ['Node', { metadata: { name }, spec: {}, status: { addresses } }];
}
