/**
 * Addresses of the bench, to fit the made-up cluster of the fake API server: ClusterIPs count up
 * from 10.96.0.1 and endpoints from 10.128.0.1.
 */
export interface Link {
  readonly node: string;
  readonly peer: string;
}

export const CLIENT_LINK: Link = { node: '10.192.0.1', peer: '10.192.0.2' };
export const PODS_LINK: Link = { node: '10.192.1.1', peer: '10.192.1.2' };

/** Of the Node, as the fake API server's cluster has it. */
export const NODE_ADDRESS = '192.0.2.1';

/** Every endpoint is in here, those that come with changes too. */
export const POD_RANGE = '10.128.0.0/10';
export const SERVICE_RANGE = '10.96.0.0/12';
/** Pods and the client, which is one as far as the agent can see. */
export const CLUSTER_CIDR = '10.128.0.0/9';

export const SERVICE_PORT = 80;
export const POD_PORT = 8080;

/** The ClusterIP of Service number `index`. */
export function clusterIp(index: number): string {
  return behind(96, index);
}

/** The first endpoint of Service number `index`, as long as nothing has changed it. */
export function firstEndpoint(index: number, endpoints: number): string {
  return behind(128, index * endpoints);
}

/** Address number `change` of those that endpoints move to. */
export function movedEndpoint(change: number): string {
  return behind(160, change);
}

function behind(second: number, index: number): string {
  const host = index + 1;
  return `10.${String(second + (host >> 16))}.${String((host >> 8) & 255)}.${String(host & 255)}`;
}
