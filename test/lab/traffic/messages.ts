/**
 * What the lab says to a speaker and what it answers: one JSON object a line each way. A speaker
 * takes only the types from here: loading zod would double the time that ten of them need.
 */
import { z } from 'zod';

export type TrafficProtocol = 'TCP' | 'UDP';

const socketAddress = z.strictObject({ address: z.string(), port: z.number() });
export type SocketAddress = z.infer<typeof socketAddress>;

export interface ListenAsk {
  readonly op: 'listen';
  readonly protocol: TrafficProtocol;
  readonly at: readonly SocketAddress[];
}

export interface DialAsk {
  readonly op: 'dial';
  readonly protocol: TrafficProtocol;
  readonly to: SocketAddress;
  /** How often, each time from a new socket. */
  readonly times: number;
  readonly timeoutMs: number;
  /** The kernel's choice when absent. */
  readonly sourceAddress?: string | undefined;
  /** Makes several calls one UDP flow; the kernel's choice when absent. */
  readonly sourcePort?: number | undefined;
}

export interface FetchAsk {
  readonly op: 'fetch';
  readonly url: string;
}

/** From now on outlive the lab's process, for a lab that stays up. */
export interface StayAsk {
  readonly op: 'stay';
}

export type Ask = ListenAsk | DialAsk | FetchAsk | StayAsk;

export interface Request {
  readonly id: number;
  readonly ask: Ask;
}

/** What a server says to whoever reaches it. */
const greetingSchema = z.strictObject({
  /** The member that answers. */
  member: z.string(),
  /** The address and port at which it was reached. */
  at: socketAddress,
  /** The client as the server sees it. */
  source: socketAddress,
});

const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answer'),
    ms: z.number(),
    greeting: greetingSchema,
  }),
  z.strictObject({ kind: z.literal('refused'), ms: z.number() }),
  z.strictObject({ kind: z.literal('silence'), ms: z.number() }),
  z.strictObject({
    kind: z.literal('error'),
    ms: z.number(),
    code: z.string(),
  }),
]);
export type Greeting = z.infer<typeof greetingSchema>;
/** How one dial ended; silence means that nothing came back within the timeout. */
export type Outcome = z.infer<typeof outcomeSchema>;

export const responseSchema = z.strictObject({
  id: z.number(),
  /** Set when the speaker could not do what was asked. */
  failure: z.string().optional(),
  outcomes: z.array(outcomeSchema).optional(),
  http: z.strictObject({ status: z.number(), body: z.string() }).optional(),
});
export type Response = z.infer<typeof responseSchema>;
