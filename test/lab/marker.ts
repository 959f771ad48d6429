/**
 * How a test knows that the agent has applied its objects: a Service without endpoints is written
 * into the same file. While the agent knows nothing of it, the internet answers in its place; as
 * soon as it is refused, what shall be there is there. What shall go may go later in that sync, and
 * a check may end just before it. Therefore a twin lays claim to the same address: at the end of the
 * sync that first had the two, the agent complains of it.
 */
import { waitUntil } from './agentProcess.ts';
import type { AgentProcess } from './agentProcess.ts';
import type { Lab } from './lab.ts';
import { SLOWNESS } from './slowness.ts';
import type { NodeName } from './topology.ts';

export interface Marker {
  /** IPv4, then IPv6: the families are programmed one after the other. */
  readonly addresses: readonly [string, string];
  /** To be put behind other documents. */
  readonly yaml: string;
  /** The twin, to be put behind that where its complaint is waited for. */
  readonly twinYaml: string;
  /** Namespace and name of the twin. */
  readonly twin: string;
}

const PORT = 9;
let made = 0;

/** A marker with addresses that the last few thousand had not. */
export function nextMarker(): Marker {
  made += 1;
  const [high, low] = [240 + (made % 16), (made >> 4) % 256];
  const addresses = [
    `10.96.${String(high)}.${String(low)}`,
    `fd00:10:96::${(0xf000 + (made % 4096)).toString(16)}`,
  ] as const;
  const name = `marker-${String(made)}`;
  const twin = `${name}-twin`;
  return {
    addresses,
    yaml: markerService(name, addresses),
    twinYaml: markerService(twin, addresses),
    twin: `lab/${twin}`,
  };
}

function markerService(name: string, clusterIPs: readonly string[]): string {
  const spec = { clusterIP: clusterIPs[0], clusterIPs, ports: [{ protocol: 'TCP', port: PORT }] };
  const metadata = { namespace: 'lab', name };
  // JSON is YAML.
  return `\n---\n${JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec })}\n`;
}

/** Resolves when the node refuses the marker in both families. */
export async function waitForMarker(
  lab: Lab,
  node: NodeName,
  marker: Marker,
  agent: AgentProcess,
): Promise<void> {
  await waitUntil(agent, `refusing ${marker.addresses.join(' and ')}`, () =>
    isInForce(lab, node, marker),
  );
}

/** Whether the sync that first had the marker has ended, by what the agent has logged as JSON. */
export function hasSynced(logged: string, { twin }: Marker): boolean {
  return logged.includes(`"name":"${twin}"`);
}

/** Whether the node refuses the marker in both families now. */
export async function isInForce(lab: Lab, node: NodeName, marker: Marker): Promise<boolean> {
  const targets = marker.addresses.map((address) => ({ address, port: PORT }));
  await lab.speaker('internet').listen('TCP', targets);
  const outcomes = await Promise.all(
    targets.map((to) =>
      lab.speaker(node).dial({ protocol: 'TCP', to, times: 1, timeoutMs: 1000 * SLOWNESS }),
    ),
  );
  return outcomes.flat().every((outcome) => outcome.kind === 'refused');
}
