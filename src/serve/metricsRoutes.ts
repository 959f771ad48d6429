/** What the metrics server answers; each answer is about the present. */
import { jsonAnswer, textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { pathsOf } from './routes.ts';
import type { Handler, Request, Routes } from './routes.ts';
import { flagzAnswer, statuszAnswer } from './zpages.ts';
import type { Component } from './zpages.ts';

export interface MetricsRoutesOptions {
  readonly component: Component;
  readonly mode: string;
  /** The effective configuration as KubeProxyConfiguration. */
  readonly configz: () => object;
  /** Values as one would write them, by flag. */
  readonly flagz: () => ReadonlyMap<string, string>;
  readonly metrics: TextOf;
  readonly slis: TextOf & { reset(): void };
  /** Somebody asked for this server's own /healthz. */
  readonly onPing: () => void;
  /** Where profiling is allowed. */
  readonly profiling: ProfilingOptions | undefined;
}

/** A prom-client Registry, or what looks like one. */
export interface TextOf {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export interface ProfilingOptions {
  readonly routes: Routes;
  /** As `-v` would say it. */
  readonly setVerbosity: (verbosity: number) => void;
}

/** kube-proxy's paths, with the bodies that tools expect there. */
export function metricsRoutes(options: MetricsRoutesOptions): Routes {
  const { component, mode, metrics, slis, profiling } = options;
  const routes: Map<string, Handler> = new Map<string, Handler>([
    ['GET /metrics', () => registryAnswer(metrics)],
    ['GET /metrics/slis', () => registryAnswer(slis)],
    ['DELETE /metrics/slis', () => forgotten(slis)],
    // Tools compare the whole body, so there is no newline behind it.
    ['GET /proxyMode', () => textAnswer(200, mode)],
    ['GET /healthz', () => pong(options)],
    ['GET /configz', () => jsonAnswer(true, { [CONFIG_GROUP]: options.configz() })],
    ['GET /flagz', ({ accept }) => flagzAnswer(component, options.flagz(), accept)],
    ['GET /statusz', ({ accept }) => statusz(component, routes, accept)],
  ]);
  if (profiling !== undefined) {
    for (const [key, handler] of profiling.routes) routes.set(key, handler);
    routes.set('PUT /debug/flags/v', (request: Request) => putVerbosity(profiling, request));
  }
  return routes;
}

const CONFIG_GROUP = 'kubeproxy.config.k8s.io';

async function registryAnswer({ contentType, metrics }: TextOf): Promise<Answer> {
  return textAnswer(200, await metrics(), contentType);
}

function forgotten(slis: MetricsRoutesOptions['slis']): Answer {
  slis.reset();
  return textAnswer(200, 'metrics reset\n');
}

function pong({ onPing }: MetricsRoutesOptions): Answer {
  onPing();
  return textAnswer(200, 'ok');
}

function statusz(component: Component, routes: Routes, accept: string | undefined): Answer {
  return statuszAnswer(component, { now: Date.now(), paths: pathsOf(routes), accept });
}

async function putVerbosity(
  { setVerbosity }: ProfilingOptions,
  { text }: Request,
): Promise<Answer> {
  const value = (await text(MOST_DIGITS).catch(() => '')).trim();
  if (!/^\d{1,9}$/.test(value)) {
    return textAnswer(400, 'expected a number as the body, such as 4\n');
  }
  setVerbosity(Number(value));
  return textAnswer(200, `successfully set klog.logging.verbosity to ${value}`);
}

const MOST_DIGITS = 32;
