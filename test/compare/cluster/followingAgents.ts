/** Real agents whose configuration is a file that is replaced, as the kubelet does with a ConfigMap. */
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent } from '../../lab/agentProcess.ts';
import type { AgentProcess } from '../../lab/agentProcess.ts';
import type { Lab } from '../../lab/lab.ts';
import { directoryOf } from '../../lab/namespaces.ts';
import { runInside } from '../../lab/program.ts';
import { CLUSTER_CIDR, NODES } from '../../lab/topology.ts';
import type { LabApiServer } from '../apiServer.ts';

export interface FollowingAgents {
  /** Put the file in place; the agents follow it in their own time, or refuse it. */
  follow(config: string): void;
  /** The mode that every agent says it is in. */
  mode(): Promise<string>;
  stop(): Promise<void>;
}

const ASK =
  "fetch('http://127.0.0.1:10249/proxyMode').then(async (a) => console.log(await a.text()))";

/** Start them with this configuration; they are not waited for. */
export function followingAgents(
  lab: Lab,
  apiServers: readonly LabApiServer[],
  config: string,
): FollowingAgents {
  const folder = mkdtempSync(join(directoryOf(lab.prefix), 'config-'));
  const file = join(folder, 'fairway.yaml');
  function follow(text: string): void {
    writeFileSync(join(folder, 'next'), text);
    renameSync(join(folder, 'next'), file);
  }
  follow(config);
  const agents = NODES.map(({ name }, index): AgentProcess => {
    const flags = [
      ...[`--fairway-config=${file}`, `--kubeconfig=${apiServers[index]?.kubeconfig ?? ''}`],
      ...[`--hostname-override=${name}`, `--cluster-cidr=${CLUSTER_CIDR}`],
      ...['--logging-format=json', '--iptables-variant=nft', '--userspace-drain-timeout=0s'],
    ];
    return startAgent(lab.namespace(name), flags, join(folder, `${name}.log`));
  });
  return {
    follow,
    async mode() {
      for (const agent of agents) agent.assertRunning();
      const modes = await Promise.all(
        NODES.map(({ name }) => runInside(lab.namespace(name), [process.execPath, '-e', ASK])),
      );
      return [...new Set(modes.map((mode) => mode.trim()))].join(' and ');
    },
    async stop() {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
  };
}
