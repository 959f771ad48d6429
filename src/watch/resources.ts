import type { Kind } from './source.ts';

/** How a kind is asked for. */
export interface Resource {
  readonly path: string;
  /** As RBAC names it. */
  readonly apiGroup: string;
  readonly name: string;
  /** Evaluated by the API server, so that what does not concern us never travels. */
  readonly selector: Readonly<Record<string, string>>;
}

/** Which objects are wanted. */
export interface Wanted {
  readonly nodeName: string;
  /** See ApiServerOptions. */
  readonly proxyName?: string | undefined;
}

const PROXY_NAME = 'service.kubernetes.io/service-proxy-name';

/**
 * What to list and watch on the node `nodeName`. Services of another proxy and slices of headless
 * Services stay on the server: slices have the labels of their Service. Headless and ExternalName
 * Services carry no label that tells them apart and fields other than the name cannot be selected,
 * so those do travel and the model drops them. Of the Nodes, only our own: 5,000 nodes that watch
 * 5,000 heartbeats would be 25 million.
 */
export function resourceOf(kind: Kind, { nodeName, proxyName }: Wanted): Resource {
  const ours = proxyName === undefined ? `!${PROXY_NAME}` : `${PROXY_NAME}=${proxyName}`;
  switch (kind) {
    case 'Service':
      return {
        path: '/api/v1/services',
        apiGroup: '',
        name: 'services',
        selector: { labelSelector: ours },
      };
    case 'EndpointSlice':
      return {
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        apiGroup: 'discovery.k8s.io',
        name: 'endpointslices',
        selector: { labelSelector: `!service.kubernetes.io/headless,${ours}` },
      };
    case 'Node':
      return {
        path: '/api/v1/nodes',
        apiGroup: '',
        name: 'nodes',
        selector: { fieldSelector: `metadata.name=${nodeName}` },
      };
  }
}
