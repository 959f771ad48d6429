/** The agents of the lab's nodes, one mode at a time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentCpu } from '../../src/compare/schema.ts';
import { cpuSeconds, megabytes } from '../bench/procfs.ts';
import { startAgent } from '../lab/agentProcess.ts';
import type { AgentProcess } from '../lab/agentProcess.ts';
import type { Lab } from '../lab/lab.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { runInside } from '../lab/program.ts';
import { CLUSTER_CIDR, NODES } from '../lab/topology.ts';
import type { LabSubject } from './subjects.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface LabAgents {
  /** With the defaults that a user gets; they are not waited for. */
  start(subject: LabSubject, kubeconfigs: readonly string[]): void;
  /** End them, and remove what they wrote. */
  stop(): Promise<void>;
  assertRunning(): void;
  cpu(): AgentCpu;
  /** Resident memory of the larger one, in millions of bytes. */
  memory(): number;
}

export function labAgents(lab: Lab): LabAgents {
  let agents: readonly AgentProcess[] = [];
  function procfs({ pid }: AgentProcess, file: string): string {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  }
  return {
    start(subject, kubeconfigs) {
      agents = NODES.map(({ name }, index) => {
        const flags = [
          ...subject.flags,
          `--kubeconfig=${kubeconfigs[index] ?? ''}`,
          `--hostname-override=${name}`,
          `--cluster-cidr=${CLUSTER_CIDR}`,
          '--logging-format=json',
          // An agent that is stopped has nothing more to do.
          '--userspace-drain-timeout=0s',
        ];
        const logFile = join(directoryOf(lab.prefix), `${name}.log`);
        return startAgent(lab.namespace(name), flags, logFile);
      });
    },
    async stop() {
      if (agents.length === 0) return;
      await Promise.all(agents.map((agent) => agent.stop()));
      agents = [];
      await Promise.all(NODES.map(({ name }) => cleanNode(lab.namespace(name))));
    },
    assertRunning() {
      for (const agent of agents) agent.assertRunning();
    },
    cpu() {
      const spent = agents.map((agent) => cpuSeconds(procfs(agent, 'stat')));
      return spent.reduce(
        (total, { own, tools }) => ({ agent: total.agent + own, tools: total.tools + tools }),
        { agent: 0, tools: 0 },
      );
    },
    memory: () => Math.max(...agents.map((agent) => megabytes(procfs(agent, 'status')).now)),
  };
}

const EMPTY_TABLES = ['nat', 'filter', 'mangle'].map((table) => `*${table}\nCOMMIT\n`).join('');

/**
 * Nothing of the mode stays, flows included: a client's port that is used again within two minutes
 * would be led by an entry of the mode before, perhaps to an endpoint that is gone.
 */
async function cleanNode(namespace: string): Promise<void> {
  // The clean-up begins with the nft variant, and cannot remove sets that legacy rules still ask.
  for (const program of ['iptables-legacy-restore', 'ip6tables-legacy-restore']) {
    await runInside(namespace, [program], EMPTY_TABLES);
  }
  await runInside(namespace, [process.execPath, MAIN, '--cleanup']);
  await runInside(namespace, ['conntrack', '-F']);
}
