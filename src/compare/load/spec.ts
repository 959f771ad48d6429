/** What a load may be told to do. It comes over the network, so everything is checked and bounded. */
import { isIP } from 'node:net';
import { z } from 'zod';

/** `10.96.0.1:80`, `[fd00::1]:80`: addresses only, so that no name is looked up while we measure. */
const targetSchema = z.string().refine((text) => parseTarget(text) !== undefined, {
  error: 'expected IP:PORT or [IPV6]:PORT',
});

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** undefined for what is no address with a port. */
export function parseTarget(text: string): Target | undefined {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? four ?? '';
  const port = Number(digits);
  const isGood = isIP(host) === (six === undefined ? 4 : 6) && port >= 1 && port <= 65_535;
  return isGood ? { host, port } : undefined;
}

const common = {
  /** Taken in turn, connection by connection. */
  targets: z.array(targetSchema).min(1).max(256).readonly(),
  seconds: z.number().min(0.05).max(600),
};
const rate = z.number().min(1).max(20_000);
const timeoutMs = z.number().int().min(10).max(60_000);
const atOnce = z.number().int().min(1).max(1024);

const askKinds = {
  connect: z.strictObject({
    kind: z.literal('connect'),
    ...common,
    rate,
    timeoutMs,
    /** Ask by HTTP, as servers behind a proxy of layer 7 cannot greet. */
    isHttp: z.boolean().optional(),
  }),
  connections: z.strictObject({ kind: z.literal('connections'), ...common, atOnce, timeoutMs }),
  requests: z.strictObject({ kind: z.literal('requests'), ...common, atOnce }),
  bulk: z.strictObject({ kind: z.literal('bulk'), ...common, atOnce }),
  udpRoundTrip: z.strictObject({ kind: z.literal('udpRoundTrip'), ...common, rate, timeoutMs }),
  udpPackets: z.strictObject({ kind: z.literal('udpPackets'), ...common, atOnce }),
};

/** One load: what is sent, to whom, how much of it. */
export const loadSpecSchema = z.discriminatedUnion('kind', [
  askKinds.connect,
  askKinds.connections,
  askKinds.requests,
  askKinds.bulk,
  askKinds.udpRoundTrip,
  askKinds.udpPackets,
]);

export type LoadSpec = z.infer<typeof loadSpecSchema>;
export type LoadKind = LoadSpec['kind'];
export type SpecOf<K extends LoadKind> = Extract<LoadSpec, { kind: K }>;

/** The target that number `index` goes to. */
export function targetFor(targets: readonly string[], index: number): Target {
  const target = parseTarget(targets[index % targets.length] ?? '');
  if (target === undefined) throw new Error('expected IP:PORT as a target');
  return target;
}
