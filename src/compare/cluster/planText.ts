/** What is going to be done, for an operator to agree to. */
import type { Effort } from '../schema.ts';
import type { AgentDaemonSet, ClusterNode } from './discover.ts';
import type { ModeConfig } from './modeConfig.ts';

export interface PlanOptions {
  readonly agentNamespace: string;
  readonly daemonSet: AgentDaemonSet;
  readonly namespace: string;
  readonly image: string;
  readonly config: ModeConfig;
  readonly nodes: readonly [ClusterNode, ClusterNode];
  readonly modes: readonly string[];
  readonly effort: Effort;
}

export function planText(options: PlanOptions): string {
  const { agentNamespace, daemonSet, namespace, image, config, nodes, modes, effort } = options;
  const [near, far] = nodes.map(({ name }) => name);
  const others = effort.sizes.filter((size) => size > 0);
  const switches = modes.length * effort.rounds * effort.sizes.length;
  return [
    'This is what will be done:',
    `  1. Make the namespace ${namespace} with four servers and four clients (${image}) on`,
    `     ${String(near)} and ${String(far)}, one client on each host’s network, and four Services with NodePorts`,
    ...(others.length === 0
      ? []
      : [
          `     and, for a time, ${others.join(', then ')} Services more, which every agent of the cluster sees`,
        ]),
    `  2. Write ${modes.join(', ')} in turn, about ${String(switches)} times, as the mode into ConfigMap`,
    `     ${config.name}. Every node whose agent of ${agentNamespace}/${daemonSet.name} mounts it`,
    '     follows, not only these two: connections that exist go on, new ones take the new mode',
    '  3. Send loads from each client, which keep these nodes busy',
    `  4. Put the ConfigMap back as it is now (mode: ${config.mode || 'the default'}) and remove the namespace,`,
    '     also when it fails or Ctrl-C ends it. A process that is killed cannot: then say',
    '     fairway compare --restore',
  ].join('\n');
}
