/** `fairway serve` and `fairway load` as they are called from the command line. */
import { z } from 'zod';
import { describeMeasured } from './load/describe.ts';
import { startProbe } from './load/probe.ts';
import type { ProbeOptions } from './load/probe.ts';
import { runLoad } from './load/runLoad.ts';
import { loadSpecSchema, parseTarget } from './load/spec.ts';
import { startServers } from './servers/serve.ts';
import type { ServeOptions } from './servers/serve.ts';

/** As the operator wrote them; numbers are still texts. */
export interface LoadFlags {
  readonly seconds: string;
  readonly rate: string;
  readonly atOnce: string;
  readonly timeout: string;
  readonly json?: true | undefined;
}

/** Serves until a signal comes; resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const servers = await startServers(options);
  const { http, tcp, bulk, udp } = servers.ports;
  process.stdout.write(
    `${options.name} serves HTTP on ${String(http)}, TCP echo on ${String(tcp)}, ` +
      `bulk on ${String(bulk)}, UDP echo on ${String(udp)}\n`,
  );
  await signalled();
  await servers.close();
  return 0;
}

/** Sends one load and prints what came of it; resolves with the exit code. */
export async function load(
  kind: string,
  targets: readonly string[],
  flags: LoadFlags,
): Promise<number> {
  const order = {
    connect: ['seconds', 'rate', 'timeoutMs'],
    connections: ['seconds', 'atOnce', 'timeoutMs'],
    requests: ['seconds', 'atOnce'],
    bulk: ['seconds', 'atOnce'],
    udpRoundTrip: ['seconds', 'rate', 'timeoutMs'],
    udpPackets: ['seconds', 'atOnce'],
  }[kind];
  const values: Readonly<Record<string, number>> = {
    seconds: Number(flags.seconds),
    rate: Number(flags.rate),
    atOnce: Number(flags.atOnce),
    timeoutMs: Number(flags.timeout),
  };
  const fields = Object.fromEntries((order ?? []).map((name) => [name, values[name]]));
  const parsed = loadSpecSchema.safeParse({ kind, targets, ...fields });
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const measured = await runLoad(parsed.data);
  process.stdout.write(
    flags.json === true ? `${JSON.stringify(measured)}\n` : describeMeasured(measured),
  );
  return 0;
}

/** Waits for orders at `IP:PORT` or a path until a signal comes; resolves with the exit code. */
export async function waitForOrders(at: string, token: string | undefined): Promise<number> {
  if (token === undefined || token === '') {
    throw new Error('expected a secret in FAIRWAY_TOKEN: whoever may give orders may flood others');
  }
  const probe = await startProbe({ at: probeAddress(at), token });
  process.stdout.write(`waiting for orders at ${at}\n`);
  await signalled();
  await probe.close();
  return 0;
}

function probeAddress(at: string): ProbeOptions['at'] {
  if (at.startsWith('/')) return { path: at };
  const target = parseTarget(at);
  if (target === undefined) throw new Error(`--listen: expected IP:PORT or a path, found "${at}"`);
  return target;
}

function signalled(): Promise<unknown> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
