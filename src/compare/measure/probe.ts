import { z } from 'zod';
import type { LocalFetch } from '../load/probe.ts';
import { measuredSchema } from '../load/result.ts';
import type { Measured } from '../load/result.ts';
import type { LoadSpec } from '../load/spec.ts';

/** A place that is measured from: the client's side of `fairway load --listen`. */
export interface Probe {
  run(spec: LoadSpec): Promise<Measured>;
  /** GET from a port of 127.0.0.1 over there. */
  fetch(order: LocalFetch): Promise<LocalAnswer>;
}

const localAnswerSchema = z.strictObject({ status: z.number(), body: z.string() });
export type LocalAnswer = z.infer<typeof localAnswerSchema>;

/** `post` hands in an order and resolves with the body of a 200; rejects for any other answer. */
export function probeOver(post: (path: string, order: string) => Promise<string>): Probe {
  return {
    run: async (spec) => measuredSchema.parse(JSON.parse(await post('/run', JSON.stringify(spec)))),
    fetch: async (order) =>
      localAnswerSchema.parse(JSON.parse(await post('/fetch', JSON.stringify(order)))),
  };
}
