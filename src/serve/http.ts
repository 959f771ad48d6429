/** The agent's two own servers: health for load balancers and kubelets, metrics for operators. */
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
    ['GET /healthz', () => counted('healthz', healthzAnswer(status()))],
    ['GET /livez', () => counted('livez', livezAnswer(status()))],
    ['GET /readyz', () => readyzAnswer(status())],
  ]);
  return serve(() => routes, address, '--healthz-bind-address');
}

export interface MetricsServerOptions {
  readonly address: BindAddress;
  /** Asked for each request: what is served may change with the configuration. */
  readonly routes: () => Routes;
}

/** Rejects with a ListenError. */
export function startMetricsServer({ address, routes }: MetricsServerOptions): Promise<Listener> {
  return serve(routes, address, '--metrics-bind-address');
}

function serve(routes: () => Routes, address: BindAddress, flag: string): Promise<Listener> {
  return listen({
    ...address,
    advice: `free it or set ${flag} to another address ("" turns this server off)`,
    answer: (request, gone) => route(routes(), request, gone),
  });
}
