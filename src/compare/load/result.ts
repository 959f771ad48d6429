/** What a load gives back: every single sample, as it crosses the network and lands in report.json. */
import { z } from 'zod';

const counts = z.record(z.string(), z.number().int().min(0));

/** Seconds of processor time of the whole machine, and how many were there to be used. */
export const machineCpuSchema = z.strictObject({
  busy: z.number(),
  softirq: z.number(),
  capacity: z.number(),
});
export type MachineCpu = z.infer<typeof machineCpuSchema>;

/**
 * Attempts of an open loop, in columns: when each was due, in milliseconds after the start, how many
 * microseconds it took until the first byte of the answer or until it failed, and how it failed ('' if
 * it did not). A start that the client itself was late with counts from when it was due.
 */
const attempts = {
  atMs: z.array(z.number()),
  tookUs: z.array(z.number()),
  failures: z.array(z.string()),
  /** The longest that the client was late with a start, in milliseconds: its own trouble. */
  latestMs: z.number(),
};

const connectResult = z.strictObject({
  kind: z.literal('connect'),
  ...attempts,
  /** Until the handshake was done; -1 where it was not. */
  handshakeUs: z.array(z.number()),
  /** How often each server answered, by its name. */
  servers: counts,
  /** The client's address as the servers saw it. */
  seenAs: counts,
  /** The client's own address as it saw that itself. */
  ownAddresses: counts,
});

/** Done as fast as it goes. */
const rateResult = z.strictObject({
  kind: z.enum(['connections', 'requests', 'udpPackets']),
  count: z.number().int(),
  failed: z.number().int(),
  seconds: z.number(),
});

const bulkResult = z.strictObject({
  kind: z.literal('bulk'),
  bytes: z.number(),
  failed: z.number().int(),
  seconds: z.number(),
});

const roundTripResult = z.strictObject({ kind: z.literal('udpRoundTrip'), ...attempts });

export const loadResultSchema = z.discriminatedUnion('kind', [
  connectResult,
  rateResult,
  bulkResult,
  roundTripResult,
]);

export type LoadResult = z.infer<typeof loadResultSchema>;
export type ConnectResult = z.infer<typeof connectResult>;
export type RateResult = z.infer<typeof rateResult>;
export type BulkResult = z.infer<typeof bulkResult>;
export type RoundTripResult = z.infer<typeof roundTripResult>;

/** A result with what the machine spent meanwhile, which all who ran there had a part in. */
export const measuredSchema = z.strictObject({ result: loadResultSchema, cpu: machineCpuSchema });
export type Measured = z.infer<typeof measuredSchema>;
