/** A running lab: its network, and a speaker for every member. */
import { namespaceOf, takeDown, takeDownAtExit, takeDownLeftovers } from './namespaces.ts';
import { buildNetwork } from './network.ts';
import { INTERNET, memberNamed, MEMBERS, SERVED_PORTS } from './topology.ts';
import type { NodeName } from './topology.ts';
import { startSpeaker } from './traffic/remote.ts';
import type { Speaker } from './traffic/remote.ts';

export interface Lab {
  readonly prefix: string;
  /** The network namespace of a member. */
  namespace(member: string): string;
  /** The speaker of a member; throws for a name that is not in the lab. */
  speaker(member: string): Speaker;
  /** Take everything down; what runs in the namespaces is killed. */
  close(): void;
  /** Forget about the lab and let it run on after this process; see `takeDown`. */
  leaveRunning(): Promise<void>;
}

export interface LabOptions {
  /** The node through which the client reaches Service addresses; node1 when absent. */
  readonly routeVia?: NodeName;
}

/** Why no lab can be opened here; false where one can. */
export function whyNoLab(): string | false {
  return process.getuid?.() === 0 ? false : 'network namespaces need root';
}

/**
 * Build a lab under a prefix that nobody else uses. It is taken down by `close`, or when this
 * process ends in whatever way.
 */
export async function openLab(prefix: string, options: LabOptions = {}): Promise<Lab> {
  takeDownLeftovers();
  const cancelTakeDown = takeDownAtExit(prefix);
  await buildNetwork(prefix, options.routeVia ?? 'node1');
  const speakers = new Map(
    MEMBERS.map(({ name }) => [name, startSpeaker(namespaceOf(prefix, name), name)]),
  );
  await Promise.all([...speakers.values()].map(serveOwnPorts));
  return {
    prefix,
    namespace: (member) => namespaceOf(prefix, memberNamed(member).name),
    speaker: (member) => {
      const speaker = speakers.get(memberNamed(member).name);
      if (speaker === undefined) throw new Error(`${member} has no speaker`);
      return speaker;
    },
    close: () => {
      cancelTakeDown();
      for (const speaker of speakers.values()) speaker.stop();
      takeDown(prefix);
    },
    leaveRunning: async () => {
      await Promise.all([...speakers.values()].map((speaker) => speaker.leaveRunning()));
      cancelTakeDown();
    },
  };
}

/** The client serves nothing, and the internet only what a scenario asks for. */
async function serveOwnPorts(speaker: Speaker): Promise<void> {
  const { addresses, name } = memberNamed(speaker.member);
  if (name === INTERNET.name || name === 'client') return;
  await speaker.listen(
    'TCP',
    SERVED_PORTS.map((port) => ({ address: '::', port })),
  );
  await speaker.listen(
    'UDP',
    addresses.flatMap((address) => SERVED_PORTS.map((port) => ({ address, port }))),
  );
}
