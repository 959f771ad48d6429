import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TEST_CERTIFICATE, TEST_KEY } from './fakeApiServerTls.ts';

/** How the client that reads the kubeconfig shall authenticate. */
export interface KubeconfigChoices {
  readonly token?: string;
  /** Path of a file with the token. */
  readonly tokenFile?: string;
  /** A program that prints an ExecCredential. */
  readonly exec?: { readonly command: string; readonly args: readonly string[] };
  readonly clientCertificate?: boolean;
  /** Leave out insecure-skip-tls-verify for an http:// server. */
  readonly strict?: boolean;
}

/** Write a kubeconfig for the server at `url`; returns its path. */
export async function writeKubeconfig(
  folder: string,
  url: string,
  choices: KubeconfigChoices,
): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
    clusters: [{ name: 'test', cluster: clusterOf(url, choices) }],
    users: [{ name: 'agent', user: userOf(choices) }],
  };
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config));
  return path;
}

function clusterOf(url: string, { strict = false }: KubeconfigChoices): object {
  if (url.startsWith('https:')) {
    return { server: url, 'certificate-authority-data': base64(TEST_CERTIFICATE) };
  }
  return strict ? { server: url } : { server: url, 'insecure-skip-tls-verify': true };
}

function userOf({ token, tokenFile, exec, clientCertificate }: KubeconfigChoices): object {
  return {
    ...(token !== undefined && { token }),
    ...(tokenFile !== undefined && { tokenFile }),
    ...(exec !== undefined && {
      exec: { apiVersion: 'client.authentication.k8s.io/v1', ...exec },
    }),
    ...(clientCertificate === true && {
      'client-certificate-data': base64(TEST_CERTIFICATE),
      'client-key-data': base64(TEST_KEY),
    }),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
