/** What only a scrape of /metrics asks for. */
import { countRules } from '../backends/iptables/countRules.ts';
import type { Rendering } from '../backends/backend.ts';
import type { Destination, Snapshot } from '../model/types.ts';
import { ipFamily, showProblems } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Scene } from './serversView.ts';

/** Counts that nobody needs between scrapes are taken at one. */
export async function scrape(scene: Scene): Promise<string> {
  const { metrics, store, view, shown } = scene;
  const { kubeProxy, registry } = metrics;
  const counts = store.counts();
  kubeProxy.serviceChangesPending.set(counts.pendingServiceChanges);
  kubeProxy.endpointChangesPending.set(counts.pendingEndpointChanges);
  kubeProxy.serviceChanges.set(counts.totalServiceChanges);
  kubeProxy.endpointChanges.set(counts.totalEndpointChanges);
  const contested = shown?.rendering.snapshot.problems.values() ?? [];
  showProblems(metrics, [...store.problems(), ...contested]);
  scene.relayMetrics.show(view.relay?.counts());
  if (shown !== undefined) {
    countLocal(metrics, shown.rendering.snapshot);
    if (shown.mode === 'iptables') await countInRules(scene, shown.rendering);
  }
  return registry.metrics();
}

async function countInRules(
  { metrics, families, view }: Scene,
  { rules }: Rendering,
): Promise<void> {
  const { kubeProxy } = metrics;
  const packets = await view.countPackets();
  kubeProxy.invalidDropped.set(packets.invalidDropped);
  kubeProxy.localhostNodePortsAccepted.set(packets.localhostNodePorts);
  for (const { table, family, rules: count } of countRules(rules, families)) {
    kubeProxy.rules.set({ table, ...ipFamily(family) }, count);
  }
}

/** ServicePorts that some policy Local leaves without an endpoint here, though there are some. */
function countLocal(metrics: Metrics, snapshot: Snapshot): void {
  const gauge = metrics.kubeProxy.noLocalEndpoints;
  const counts = new Map<string, number>();
  for (const port of snapshot.ports.values()) {
    const policies = new Set(
      port.destinations.filter((each) => each.verdict === 'drop').map(policyName),
    );
    for (const policy of policies) {
      const key = `${policy}/${String(port.family)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const family of snapshot.families) {
    for (const policy of ['internal', 'external']) {
      const count = counts.get(`${policy}/${String(family)}`) ?? 0;
      gauge.set({ traffic_policy: policy, ...ipFamily(family) }, count);
    }
  }
}

function policyName({ kind }: Destination): 'internal' | 'external' {
  return kind === 'ClusterIP' ? 'internal' : 'external';
}
