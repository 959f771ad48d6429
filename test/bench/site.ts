/**
 * Where the bench happens: a node, behind it all pods and a client, and a second empty node on
 * which the tools alone are timed.
 *
 *   client ── node ── pods          raw
 *
 * Service addresses that no rule takes are refused by `pods`, so that a dial ends at once.
 */
import { namespaceOf, takeDown } from '../lab/namespaces.ts';
import { runInside, runProgram } from '../lab/program.ts';
import { startSpeaker } from '../lab/traffic/remote.ts';
import type { Speaker } from '../lab/traffic/remote.ts';
import {
  CLIENT_LINK,
  NODE_ADDRESS,
  POD_PORT,
  POD_RANGE,
  PODS_LINK,
  SERVICE_RANGE,
} from './addresses.ts';
import type { Link } from './addresses.ts';

const MEMBERS = ['client', 'node', 'pods', 'raw'] as const;
export type Member = (typeof MEMBERS)[number];

export interface Site {
  readonly prefix: string;
  namespace(member: Member): string;
  /** Dials from the client's namespace. */
  readonly client: Speaker;
  /** End what serves in the pods' namespace, so that something else can. */
  stopPods(): void;
}

/** Build the site in place of the one before it. */
export async function openSite(prefix: string): Promise<Site> {
  takeDown(prefix);
  function namespace(member: Member): string {
    return namespaceOf(prefix, member);
  }
  for (const member of MEMBERS) {
    await runProgram('ip', ['netns', 'add', namespace(member)]);
    await ip(namespace(member), ['link set lo up']);
  }
  await plug(namespace, 'client', CLIENT_LINK);
  await plug(namespace, 'pods', PODS_LINK);
  // Routes to Services name it as their source.
  await ip(namespace('node'), [`address add ${NODE_ADDRESS}/32 dev lo`]);
  const local = [POD_RANGE, SERVICE_RANGE];
  await ip(
    namespace('pods'),
    local.map((range) => `route add local ${range} dev lo`),
  );
  await ip(
    namespace('node'),
    local.map((range) => `route add ${range} via ${PODS_LINK.peer}`),
  );
  await runInside(namespace('node'), ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
  const client = startSpeaker(namespace('client'), 'client');
  const pods = startSpeaker(namespace('pods'), 'pods');
  await pods.listen('TCP', [{ address: '0.0.0.0', port: POD_PORT }]);
  return {
    prefix,
    namespace,
    client,
    stopPods: () => {
      pods.stop();
    },
  };
}

async function plug(
  namespace: (member: Member) => string,
  member: 'client' | 'pods',
  link: Link,
): Promise<void> {
  const peer = `peer name eth0 netns ${namespace(member)}`;
  await ip(namespace('node'), [
    `link add ${member} type veth ${peer}`,
    `address add ${link.node}/24 dev ${member}`,
    `link set ${member} up`,
  ]);
  await ip(namespace(member), [
    `address add ${link.peer}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${link.node}`,
  ]);
}

async function ip(namespace: string, commands: readonly string[]): Promise<void> {
  await runProgram('ip', ['-n', namespace, '-batch', '-'], commands.join('\n') + '\n');
}
