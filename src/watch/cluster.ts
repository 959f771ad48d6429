import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';

/** Where the API server is and how to be let in. */
export interface Cluster {
  readonly server: URL;
  /**
   * What a request needs. Asked for before each one and read from the files again, so that
   * rotated tokens and certificates are in use from the next request on; watches end every few
   * minutes, so reading costs nothing.
   */
  credentials(): Promise<Credentials>;
  /** The server refused the credentials: forget what was remembered of them. */
  renew(): void;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Set where connections are made in a way of their own, as through a proxy. */
  readonly agent?: Agent;
}

/** Named as node:tls names them. */
export interface TlsMaterial {
  ca?: Buffer;
  cert?: Buffer | string;
  key?: Buffer | string;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/** Where every pod finds its service account. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface InClusterOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Overrides the environment. A node agent usually needs it: the address in the environment is
   * the ClusterIP of `default/kubernetes`, which works only once this agent has written its rules.
   */
  readonly server?: string | undefined;
  readonly serviceAccountPath?: string;
}

/** The cluster that this pod runs in. Throws when this is no pod. */
export function inCluster(options: InClusterOptions): Cluster {
  const path = options.serviceAccountPath ?? SERVICE_ACCOUNT;
  return {
    server: serverUrl(options.server ?? serverInEnvironment(options.environment), false),
    credentials: async () => ({
      headers: { authorization: `Bearer ${await readToken(join(path, 'token'))}` },
      tls: { ca: await readFile(join(path, 'ca.crt')) },
    }),
    renew: () => undefined,
  };
}

function serverInEnvironment(environment: InClusterOptions['environment']): string {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new Error(
      'expected KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT in the environment, as in ' +
        'every pod, found neither or one: outside of a cluster say --kubeconfig or --manifests',
    );
  }
  return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The token in a file, without the newline that editors leave at its end. */
export async function readToken(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

/**
 * The address of an API server. Throws for what is no URL, and for http:// unless the
 * configuration says that this is meant: tokens would travel for everyone to read.
 */
export function serverUrl(server: string, isInsecureAllowed: boolean): URL {
  const url = URL.parse(server);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error(`expected an https:// URL as the API server's address, found '${server}'`);
  }
  if (url.protocol === 'http:' && !isInsecureAllowed) {
    throw new Error(
      `expected an https:// URL as the API server's address, found '${server}': for a server ` +
        'without TLS set insecure-skip-tls-verify: true beside its address in the kubeconfig',
    );
  }
  return url;
}
