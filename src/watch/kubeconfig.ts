import { readFile } from 'node:fs/promises';
import type { Agent, RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
// Single files of the client: all of it costs 0.6 s and 85 MB to import, most of that for models
// of objects that we never touch; these three cost 10 ms and 1 MB.
import type { Cluster as ClusterEntry, User } from '@kubernetes/client-node/dist/config_types.js';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { readToken, serverUrl } from './cluster.ts';
import type { Cluster, Credentials, TlsMaterial } from './cluster.ts';

/** The entries of a kubeconfig that its current context points at. */
interface Entries {
  readonly cluster: ClusterEntry;
  readonly user: User;
  readonly tokenFile: string | undefined;
  /** Relative paths are relative to the kubeconfig's own folder. */
  readonly folder: string;
}

/**
 * The cluster of a kubeconfig's current context. `server` overrides the address in the file.
 * Throws when the file cannot be read or makes no sense.
 */
export async function fromKubeconfig(path: string, server?: string): Promise<Cluster> {
  const entries = await readEntries(path);
  const address = serverUrl(server ?? entries.cluster.server, entries.cluster.skipTLSVerify);
  if (needsWholeClient(entries)) return wholeClient(path, address);
  let exec = new ExecAuth();
  return {
    server: address,
    credentials: () => credentialsOf(entries, exec),
    renew: () => {
      // It remembers what the program printed until that expires.
      exec = new ExecAuth();
    },
  };
}

async function readEntries(path: string): Promise<Entries> {
  // Here and not above: in a pod there is no kubeconfig, and the parser costs 40 ms.
  const { parse } = await import('yaml');
  const config = record(parse(await readFile(path, 'utf8')));
  const contexts = newContexts(config['contexts']);
  const context = named(contexts, config['current-context'], `${path}: contexts`);
  const user = named(newUsers(config['users']), context.user, `${path}: users`);
  return {
    cluster: named(newClusters(config['clusters']), context.cluster, `${path}: clusters`),
    user,
    tokenFile: tokenFileOf(config['users'], user.name),
    folder: dirname(path),
  };
}

/** `tokenFile` of a user; the client library does not know this field, kubeadm writes it. */
function tokenFileOf(users: unknown, name: string): string | undefined {
  const list: unknown[] = Array.isArray(users) ? users : [];
  const entry = list.map(record).find((user) => user['name'] === name);
  const file = record(entry?.['user'])['tokenFile'];
  return typeof file === 'string' ? file : undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function named<T extends { readonly name: string }>(
  entries: readonly T[],
  name: unknown,
  where: string,
): T {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const names = entries.map((entry) => entry.name).join(', ');
  throw new Error(`expected '${String(name)}' among ${where}, found: ${names || 'none'}`);
}

async function credentialsOf(entries: Entries, exec: ExecAuth): Promise<Credentials> {
  const { user } = entries;
  const options: RequestOptions = { headers: {} };
  if (exec.isAuthProvider(user)) await exec.applyAuthentication(user, options);
  const headers = stringHeaders(options);
  const token = entries.tokenFile === undefined ? user.token : await readToken(inFolder(entries));
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  return { headers, tls: { ...(await tlsOf(entries)), ...certificateOf(options) } };
}

function inFolder({ folder, tokenFile }: Entries): string {
  return resolve(folder, tokenFile ?? '');
}

function stringHeaders(options: RequestOptions): Record<string, string> {
  const headers = Object.entries(record(options.headers));
  return Object.fromEntries(headers.map(([key, value]) => [key.toLowerCase(), String(value)]));
}

/** A credential program may hand out a client certificate instead of a token. */
function certificateOf({ cert, key }: RequestOptions): TlsMaterial {
  return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : {};
}

async function tlsOf({ cluster, user, folder }: Entries): Promise<TlsMaterial> {
  const tls: TlsMaterial = {};
  const ca = await fileOrData(folder, cluster.caFile, cluster.caData);
  const cert = await fileOrData(folder, user.certFile, user.certData);
  const key = await fileOrData(folder, user.keyFile, user.keyData);
  if (ca !== undefined) tls.ca = ca;
  if (cert !== undefined) tls.cert = cert;
  if (key !== undefined) tls.key = key;
  if (cluster.tlsServerName !== undefined) tls.servername = cluster.tlsServerName;
  if (cluster.skipTLSVerify) tls.rejectUnauthorized = false;
  return tls;
}

async function fileOrData(
  folder: string,
  file: string | undefined,
  data: string | undefined,
): Promise<Buffer | undefined> {
  if (file !== undefined) return readFile(resolve(folder, file));
  return data === undefined ? undefined : Buffer.from(data, 'base64');
}

/** Ways in that are rare on a node: proxies, OpenID Connect, passwords, impersonation. */
function needsWholeClient({ cluster, user }: Entries): boolean {
  return [cluster.proxyUrl, user.authProvider, user.username, user.impersonateUser].some(Boolean);
}

/** The same through the client library's own KubeConfig, for what is not worth writing again. */
async function wholeClient(path: string, server: URL): Promise<Cluster> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  function load(): InstanceType<typeof KubeConfig> {
    const loaded = new KubeConfig();
    loaded.loadFromFile(path);
    return loaded;
  }
  let config = load();
  return {
    server,
    async credentials() {
      const options: RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      const headers = stringHeaders(options);
      if (typeof options.auth === 'string') headers['authorization'] = basic(options.auth);
      const agent = options.agent as Agent | undefined;
      return { headers, tls: {}, ...(agent !== undefined && { agent }) };
    },
    renew() {
      config = load();
    },
  };
}

function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
}
