/** What the metrics server answers; each answer is about the present. */
import { textAnswer } from './answer.ts';
import type { Handler, Routes } from './routes.ts';

export interface MetricsRoutesOptions {
  readonly mode: () => string;
  /** A prom-client Registry, or what looks like one. */
  readonly registry: RegistryText;
}

interface RegistryText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export function metricsRoutes({ mode, registry }: MetricsRoutesOptions): Routes {
  return new Map<string, Handler>([
    ['GET /metrics', async () => textAnswer(200, await registry.metrics(), registry.contentType)],
    // Tools compare the whole body, so there is no newline behind it.
    ['GET /proxyMode', () => textAnswer(200, mode())],
    ['GET /healthz', () => textAnswer(200, 'ok')],
  ]);
}
