/** One Service, TCP and UDP, with a NodePort. */

export const VIP = '10.96.0.10';
export const NODE_PORT = 30080;
export const ECHO_PORT = 7000;
export const ENDPOINTS = { pod1a: '10.244.1.11', pod2a: '10.244.2.11' } as const;

const PROTOCOLS = [
  { name: 't', protocol: 'TCP' },
  { name: 'u', protocol: 'UDP' },
] as const;

/** As documents of one YAML file. */
export function objects(addresses: readonly string[] = Object.values(ENDPOINTS)): string {
  const metadata = { namespace: 'default', name: 'web' };
  const ports = PROTOCOLS.map((each) => ({ ...each, port: 80, nodePort: NODE_PORT }));
  const service = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata },
    spec: { type: 'NodePort', clusterIP: VIP, clusterIPs: [VIP], ports },
  };
  const slice = {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'web' } },
    ports: PROTOCOLS.map((each) => ({ ...each, port: ECHO_PORT })),
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true },
    })),
  };
  return [service, slice].map((object) => `---\n${JSON.stringify(object)}\n`).join('');
}
