/** The Services under load, with endpoints that change. */
import type { Json } from '../support/builders.ts';

export const VIPS = { web: '10.96.0.10', dns: '10.96.0.53' } as const;
export const HTTP_PORT = 80;
export const UDP_PORT = 53;
/** Where pods serve HTTP, and where the lab's speakers answer datagrams. */
export const POD_HTTP_PORT = 8088;
const POD_UDP_PORT = 8080;

export const PODS: Readonly<Record<string, string>> = {
  pod1b: '10.244.1.12',
  pod1c: '10.244.1.13',
  pod2a: '10.244.2.11',
};
/** A pod that is in the lab, but serves no HTTP: it refuses. */
const REFUSING = '10.244.2.13';
/** Nobody: packets to it are not answered. */
const SILENT = '10.244.2.99';

/** Those that live in a round: one is missing, or none. */
function aliveIn(round: number): readonly string[] {
  return Object.values(PODS).filter((_, index) => round % 4 !== index);
}

/** Those that do not: in turn none, one of each kind, both. */
function deadIn(round: number): readonly string[] {
  return [[], [REFUSING], [SILENT], [REFUSING, SILENT]][(round >> 2) % 4] ?? [];
}

/** HTTP with dead endpoints among the others; UDP without: nobody can tell that a datagram was lost. */
export function manifest(round: number): string {
  const http = [...aliveIn(round), ...deadIn(round)];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...serviceOf({ name: 'web', protocol: 'TCP', port: HTTP_PORT }, POD_HTTP_PORT, http),
      ...serviceOf({ name: 'dns', protocol: 'UDP', port: UDP_PORT }, POD_UDP_PORT, aliveIn(round)),
    ],
  });
}

interface Subject {
  readonly name: 'web' | 'dns';
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

function serviceOf(
  { name, protocol, port }: Subject,
  targetPort: number,
  addresses: readonly string[],
): readonly Json[] {
  const metadata = { name, namespace: 'default', uid: name };
  const clusterIP = VIPS[name];
  const spec = { clusterIP, clusterIPs: [clusterIP], ports: [{ port, protocol }] };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port: targetPort, protocol }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    },
  ];
}
