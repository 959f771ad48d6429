/**
 * Objects of a large made-up cluster, as big as real ones are: managedFields alone are half of
 * what an API server sends. Service `i` is `bench/service-i` at 10.96.0.1 + i, port 80; its
 * endpoints count up from 10.128.0.1 and listen on 8080.
 */
import type { FakeObject } from './fakeApiServerStore.ts';

const NODES = 100;
const NODE_NAME_PREFIX = 'node-pool-a-7d9f8c6b5-worker-';
const FIRST_CLUSTER_IP = ip(10, 96) + 1;
const FIRST_ENDPOINT_IP = ip(10, 128) + 1;

function ip(first: number, second: number): number {
  return first * 2 ** 24 + second * 2 ** 16;
}

function ipText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function uid(index: number): string {
  return `6c1b8f5e-3d0a-4b52-9c77-${index.toString(16).padStart(12, '0')}`;
}

/** The trace that server-side apply leaves on an object. */
function managedFields(manager: string, field: string): object[] {
  const names = ['app', 'team', 'release', 'chart', 'heritage'].map((name) => `f:${name}`);
  const labels = Object.fromEntries(names.map((name) => [name, {}]));
  const fieldsV1 = { 'f:metadata': { 'f:labels': { '.': {}, ...labels } }, [field]: { '.': {} } };
  const time = '2026-01-01T00:00:00Z';
  return [
    { manager, operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1 },
    {
      manager: 'kubectl',
      operation: 'Apply',
      apiVersion: 'v1',
      time,
      fieldsType: 'FieldsV1',
      fieldsV1,
    },
  ];
}

function metadata(name: string, index: number): FakeObject['metadata'] {
  return { name, namespace: 'bench', uid: uid(index), creationTimestamp: '2026-01-01T00:00:00Z' };
}

/** Service number `index`. */
export function clusterService(index: number): FakeObject {
  const clusterIP = ipText(FIRST_CLUSTER_IP + index);
  const app = `service-${String(index)}`;
  return {
    kind: 'Service',
    metadata: {
      ...metadata(app, index),
      labels: { app, team: 'bench', release: 'stable', chart: 'service-1.2.3', heritage: 'Helm' },
      managedFields: managedFields('helm', 'f:spec'),
    },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      selector: { app },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
    status: { loadBalancer: {} },
  };
}

/** The only slice of Service number `index`; `firstIp` replaces the first endpoint's address. */
export function clusterSlice(index: number, endpoints: number, firstIp?: string): FakeObject {
  const app = `service-${String(index)}`;
  const numbers = Array.from({ length: endpoints }, (_, place) => index * endpoints + place);
  return {
    kind: 'EndpointSlice',
    metadata: {
      ...metadata(`${app}-x7k2p`, index),
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': new Date().toISOString() },
      labels: {
        app,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': app,
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: app, uid: uid(index) }],
      managedFields: managedFields('kube-controller-manager', 'f:endpoints'),
    },
    addressType: 'IPv4',
    endpoints: numbers.map((number, place) =>
      clusterEndpoint(number, place === 0 ? firstIp : undefined),
    ),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  };
}

function clusterEndpoint(number: number, address: string | undefined): object {
  const node = number % NODES;
  return {
    addresses: [address ?? ipText(FIRST_ENDPOINT_IP + number)],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `${NODE_NAME_PREFIX}${String(node)}`,
    targetRef: { kind: 'Pod', name: `pod-${String(number)}`, namespace: 'bench', uid: uid(number) },
    zone: `europe-west1-${'bcd'.charAt(node % 3)}`,
  };
}

/** A Node with this name. */
export function clusterNode(name: string): FakeObject {
  return {
    kind: 'Node',
    metadata: {
      name,
      uid: uid(0),
      labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': 'europe-west1-b' },
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { podCIDR: '10.128.0.0/24', podCIDRs: ['10.128.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  };
}
