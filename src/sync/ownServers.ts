/** The agent's own two servers, health and metrics, wherever the view has them. */
import { printConfiguration } from '../config/printConfiguration.ts';
import type { Config } from '../config/schema.ts';
import type { HealthStatus } from '../serve/healthState.ts';
import { startHealthServer, startMetricsServer } from '../serve/http.ts';
import type { BindAddress, HealthServerOptions } from '../serve/http.ts';
import { keepListening } from '../serve/keepListening.ts';
import type { KeepOptions } from '../serve/keepListening.ts';
import type { ListenError } from '../serve/listen.ts';
import { metricsRoutes } from '../serve/metricsRoutes.ts';
import type { MetricsRoutesOptions } from '../serve/metricsRoutes.ts';
import { profilingRoutes, v8Profiler } from '../serve/profiling.ts';
import type { Routes } from '../serve/routes.ts';
import { nodeReference } from '../watch/events.ts';
import type { NodeProblem } from '../watch/events.ts';
import { flagValues } from './flagValues.ts';
import { scrape } from './scrape.ts';
import type { Scene } from './serversView.ts';

export interface OwnServers {
  /** Listen where the configuration says; what could not be at once, if anything. */
  move(config: Config): Promise<ListenError | undefined>;
  close(): Promise<void>;
}

export function ownServers(scene: Scene): OwnServers {
  const health = keepListening({
    open: (address) => startHealthServer(healthOptions(scene, address)),
    ...told(scene, 'FailedToStartProxierHealthcheck'),
  });
  const profiling = profilingRoutes(process.argv, v8Profiler());
  const metrics = keepListening({
    open: (address) => startMetricsServer({ address, routes: () => routesOf(scene, profiling) }),
    ...told(scene, 'FailedToStartMetricServer'),
  });
  return {
    async move({ healthzBindAddress, metricsBindAddress }) {
      const first = await health.move(healthzBindAddress);
      const second = await metrics.move(metricsBindAddress);
      return first ?? second;
    },
    async close() {
      await Promise.all([health.close(), metrics.close()]);
    },
  };
}

/** A taken port is one line, and one event on the Node, under kube-proxy's name for it. */
function told(
  scene: Scene,
  reason: NodeProblem,
): Pick<KeepOptions, 'onFailure' | 'onRecovery' | 'after'> {
  const { log, events } = scene;
  return {
    onFailure({ message }) {
      log.error('server not listening', { error: message });
      events.problem(nodeReference(scene.view.config.nodeName), reason, message);
    },
    onRecovery: ({ host, port }) => log.info('server listening after all', { host, port }),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** What kube-proxy's tools look for. */
const COMPONENT = 'kube-proxy';

function routesOf(scene: Scene, profiling: Routes): Routes {
  const { log, view, slis, version } = scene;
  const { config } = view;
  const options: MetricsRoutesOptions = {
    component: {
      name: COMPONENT,
      version: `${version} (fairway)`,
      startedAt: Date.now() - process.uptime() * 1000,
      runtime: `Node.js ${process.version}`,
    },
    mode: config.mode,
    configz: () => printConfiguration(config),
    flagz: () => flagValues(config),
    metrics: {
      contentType: scene.metrics.registry.contentType,
      metrics: () => scrape(scene),
    },
    slis: {
      contentType: slis.registry.contentType,
      metrics() {
        // A check more of each, so that also those are there that nobody asks for.
        for (const path of ['healthz', 'livez', 'readyz'] as const) {
          observeChecks(scene, path, statusOf(scene));
        }
        return slis.registry.metrics();
      },
      reset: slis.reset,
    },
    onPing: () => slis.observe('ping', 'healthz', true),
    profiling: config.enableProfiling
      ? { routes: profiling, setVerbosity: log.setVerbosity }
      : undefined,
  };
  return metricsRoutes(options);
}

function healthOptions(scene: Scene, address: BindAddress): HealthServerOptions {
  const { healthzAnswers, livezAnswers } = scene.metrics.kubeProxy;
  return {
    address,
    status: () => statusOf(scene),
    onAnswer(path, code, status) {
      if (path === 'healthz') healthzAnswers.inc({ code: String(code) });
      if (path === 'livez') livezAnswers.inc({ code: String(code) });
      observeChecks(scene, path, status);
    },
  };
}

function statusOf({ health, store }: Scene): HealthStatus {
  health.setNode(store.node());
  return health.status(Date.now());
}

/** What each path is made of, as a check each. */
function observeChecks(
  { slis }: Scene,
  path: 'healthz' | 'livez' | 'readyz',
  { isAlive, isNodeEligible, isReady }: HealthStatus,
): void {
  if (path === 'readyz') return slis.observe('first-sync', path, isReady);
  slis.observe('sync', path, isAlive);
  if (path === 'healthz') slis.observe('node', path, isNodeEligible);
}
