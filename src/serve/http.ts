/** The agent's two own servers: health for load balancers and kubelets, metrics for operators. */
import { textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { healthzAnswer, livezAnswer, readyzAnswer } from './healthAnswers.ts';
import type { HealthStatus } from './healthState.ts';
import { listen } from './listen.ts';
import type { Listener } from './listen.ts';
import { route } from './routes.ts';
import type { Routes } from './routes.ts';

export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

export interface HealthServerOptions {
  readonly address: BindAddress;
  readonly status: () => HealthStatus;
  /** Called for every answer of /healthz and /livez, for the metrics that count them. */
  readonly onAnswer: (path: 'healthz' | 'livez', code: number) => void;
}

/** /healthz, /livez and /readyz. Rejects with a ListenError. */
export function startHealthServer(options: HealthServerOptions): Promise<Listener> {
  const { address, status, onAnswer } = options;
  function counted(path: 'healthz' | 'livez', answer: Answer): Answer {
    onAnswer(path, answer.status);
    return answer;
  }
  const routes: Routes = new Map([
    ['/healthz', () => counted('healthz', healthzAnswer(status()))],
    ['/livez', () => counted('livez', livezAnswer(status()))],
    ['/readyz', () => readyzAnswer(status())],
  ]);
  return serve(routes, address, '--healthz-bind-address');
}

export interface MetricsServerOptions {
  readonly address: BindAddress;
  readonly mode: string;
  /** A prom-client Registry, or what looks like one. */
  readonly registry: { readonly contentType: string; metrics(): Promise<string> };
}

/** /metrics, /proxyMode and /healthz. Rejects with a ListenError. */
export function startMetricsServer(options: MetricsServerOptions): Promise<Listener> {
  const { address, mode, registry } = options;
  const routes: Routes = new Map<string, () => Answer | Promise<Answer>>([
    ['/metrics', async () => textAnswer(200, await registry.metrics(), registry.contentType)],
    // Tools compare the whole body, so there is no newline behind it.
    ['/proxyMode', () => textAnswer(200, mode)],
    ['/healthz', () => textAnswer(200, 'ok')],
  ]);
  return serve(routes, address, '--metrics-bind-address');
}

function serve(routes: Routes, address: BindAddress, flag: string): Promise<Listener> {
  return listen({
    ...address,
    advice: `free it or set ${flag} to another address ("" turns this server off)`,
    answer: (request) => route(routes, request),
  });
}
