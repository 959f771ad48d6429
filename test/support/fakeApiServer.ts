/**
 * An API server for tests: the real protocol over real sockets (pages, chunked watches, bookmarks,
 * selectors, expiry, bearer tokens, TLS) and every way of going wrong that a test can ask for.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kind } from '../../src/watch/source.ts';
import { fakeFaults } from './fakeApiServerFaults.ts';
import type { Fault, Verb } from './fakeApiServerFaults.ts';
import { writeKubeconfig } from './fakeApiServerKubeconfig.ts';
import type { KubeconfigChoices } from './fakeApiServerKubeconfig.ts';
import { answer } from './fakeApiServerRequests.ts';
import type { FakeState, RecordedRequest } from './fakeApiServerRequests.ts';
import { fakeStore } from './fakeApiServerStore.ts';
import type { FakeObject } from './fakeApiServerStore.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './fakeApiServerTls.ts';
import { fakeWatches } from './fakeApiServerWatches.ts';

export interface FakeApiServerOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls?: boolean;
  /** With `tls`: only clients with the test certificate are let in. */
  readonly requireClientCertificate?: boolean;
  /** The bearer tokens that are accepted; absent: no token is needed. */
  readonly tokens?: readonly string[];
  /** Send the whole list for version 0 whatever the limit, as API servers with a cache do. */
  readonly ignoresLimitForCachedLists?: boolean;
  /** Compress lists where the client accepts it. */
  readonly gzip?: boolean;
}

export interface FakeApiServer {
  readonly url: string;
  put(kind: Kind, object: FakeObject): void;
  /** Remove `namespace/name`, or `/name` of a Node. */
  remove(kind: Kind, name: string): void;
  /** How many requests there were. */
  count(verb: Verb, kind?: Kind): number;
  readonly requests: readonly RecordedRequest[];
  /** Bodies of the Events that were posted. */
  readonly events: readonly unknown[];
  /** Make coming requests fail. */
  fail(fault: Fault): void;
  clearFaults(): void;
  /** How a version from before the last `compact` is refused; by `status` unless told. */
  expireBy(form: 'status' | 'event'): void;
  /** Forget the history: watches from older versions are refused with 410. */
  compact(): void;
  acceptTokens(tokens: readonly string[]): void;
  bookmark(kind: Kind): void;
  readonly watches: Pick<
    ReturnType<typeof fakeWatches>,
    'write' | 'count' | 'opened' | 'end' | 'disconnect' | 'breakNextEvent' | 'setSilent'
  >;
  /** Write a kubeconfig for this server into a temporary folder; returns its path. */
  writeKubeconfig(choices?: KubeconfigChoices): Promise<string>;
  /** Go away: connections are cut and new ones refused until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeApiServer(
  options: FakeApiServerOptions = {},
): Promise<FakeApiServer> {
  const state: FakeState = {
    store: fakeStore(),
    watches: fakeWatches(),
    faults: fakeFaults(),
    requests: [],
    events: [],
    tokens: options.tokens,
    expireBy: 'status',
    ignoresLimitForCachedLists: options.ignoresLimitForCachedLists ?? false,
    gzip: options.gzip ?? false,
  };
  const sockets = new Set<Socket>();
  let server = await listen(options, state, sockets, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const scheme = options.tls === true ? 'https' : 'http';
  const url = `${scheme}://127.0.0.1:${String(port)}`;
  let folder: string | undefined;

  async function away(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    // closeAllConnections would leave out those in the middle of a TLS handshake.
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  return {
    url,
    put(kind, object) {
      state.watches.publish(state.store.put(kind, object));
    },
    remove(kind, name) {
      state.watches.publish(state.store.remove(kind, name));
    },
    count: (verb, kind) =>
      state.requests.filter((one) => one.verb === verb && (kind ?? one.kind) === one.kind).length,
    requests: state.requests,
    events: state.events,
    fail: (fault) => {
      state.faults.add(fault);
    },
    clearFaults: () => {
      state.faults.clear();
    },
    expireBy(form) {
      state.expireBy = form;
    },
    compact: () => {
      state.store.compact();
    },
    acceptTokens(tokens) {
      state.tokens = tokens;
    },
    bookmark: (kind) => {
      state.watches.bookmark(kind, state.store.version);
    },
    watches: state.watches,
    async writeKubeconfig(choices = {}) {
      folder ??= await mkdtemp(join(tmpdir(), 'fake-api-server-'));
      return writeKubeconfig(folder, url, choices);
    },
    away,
    async back() {
      server = await listen(options, state, sockets, port);
    },
    async close() {
      await away();
      if (folder !== undefined) await rm(folder, { recursive: true });
    },
  };
}

function listen(
  options: FakeApiServerOptions,
  state: FakeState,
  sockets: Set<Socket>,
  port: number,
): Promise<http.Server> {
  const server =
    options.tls === true ? https.createServer(tlsOptions(options)) : http.createServer();
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    void answer(state, request, response);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}

function tlsOptions({ requireClientCertificate = false }: FakeApiServerOptions): object {
  return {
    cert: TEST_CERTIFICATE,
    key: TEST_KEY,
    ca: TEST_CERTIFICATE,
    requestCert: requireClientCertificate,
    rejectUnauthorized: requireClientCertificate,
  };
}
