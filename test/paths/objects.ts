/** Two Services: the Ingress, which a load balancer reaches, and the application behind it. */
import type { KindedObject } from '../compare/objects.ts';
import { APP_PORT, CLUSTER_IPS, HEALTH_PORT, INGRESS_PORT, NODE_PORT } from './configs.ts';

export interface EndpointState {
  readonly address: string;
  readonly node: string;
  /** It still serves, but is about to go. */
  readonly isTerminating?: boolean;
}

function serviceObject(name: 'web' | 'app', spec: object): KindedObject {
  const clusterIP = CLUSTER_IPS[name];
  const families = { clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'] };
  return ['Service', { metadata: { name, namespace: 'paths' }, spec: { ...families, ...spec } }];
}

/** The Ingress keeps to its node, at both of its ends: so its health says what the node can do. */
export const SERVICES: readonly KindedObject[] = [
  serviceObject('web', {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: HEALTH_PORT,
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, targetPort: INGRESS_PORT, nodePort: NODE_PORT },
    ],
  }),
  serviceObject('app', {
    internalTrafficPolicy: 'Local',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: APP_PORT }],
  }),
];

const PORTS = { web: INGRESS_PORT, app: APP_PORT } as const;

export function sliceObject(
  service: 'web' | 'app',
  endpoints: readonly EndpointState[],
): KindedObject {
  const labels = { 'kubernetes.io/service-name': service };
  return [
    'EndpointSlice',
    {
      metadata: { name: `${service}-1`, namespace: 'paths', labels },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: PORTS[service] }],
      endpoints: endpoints.map(({ address, node, isTerminating = false }) => ({
        addresses: [address],
        nodeName: node,
        conditions: { ready: !isTerminating, serving: true, terminating: isTerminating },
      })),
    },
  ];
}
