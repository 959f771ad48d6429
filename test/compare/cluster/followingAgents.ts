/**
 * Real agents that follow a configuration: here by being started again with another mode, in one
 * place, so that an agent that follows its file by itself can take its place.
 */
import { parse } from 'yaml';
import type { Lab } from '../../lab/lab.ts';
import { labAgents } from '../agents.ts';
import type { LabApiServer } from '../apiServer.ts';

export interface FollowingAgents {
  /** Resolves when they were told. */
  follow(config: string): Promise<void>;
  mode(): string;
  stop(): Promise<void>;
}

/** Modes of `cannot` they do not take: the one before stays. */
export function followingAgents(
  lab: Lab,
  apiServers: readonly LabApiServer[],
  cannot: readonly string[],
): FollowingAgents {
  const agents = labAgents(lab);
  let mode = '';
  // One change after the other.
  let last: Promise<void> = Promise.resolve();
  async function take(config: string): Promise<void> {
    const asked = String((parse(config) as { mode?: unknown }).mode);
    if (asked === mode || cannot.includes(asked)) return;
    mode = asked;
    await agents.stop();
    const flags = [`--proxy-mode=${mode}`, '--iptables-variant=nft'];
    const subject = { id: mode, title: mode, isBaseline: false, flags };
    agents.start(
      subject,
      apiServers.map(({ kubeconfig }) => kubeconfig),
    );
  }
  return {
    follow: (config) => {
      last = last.then(() => take(config));
      return last;
    },
    mode: () => mode,
    stop: async () => {
      await last;
      await agents.stop();
    },
  };
}
