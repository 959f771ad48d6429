/** An agent on a node of the lab, fed from a directory of YAML that the test rewrites. */
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent, waitUntil } from './agentProcess.ts';
import type { Variant } from './agentProcess.ts';
import type { Lab } from './lab.ts';
import { hasSynced, nextMarker, waitForMarker } from './marker.ts';
import type { Marker } from './marker.ts';
import { directoryOf } from './namespaces.ts';
import type { NodeName } from './topology.ts';

const HEALTH = '127.0.0.1:10256';
const METRICS = '127.0.0.1:10249';

export interface Fairway {
  /** Give the agent these objects in place of all earlier ones; resolves when they are in force. */
  putObjects(yaml: string): Promise<void>;
  /** Ask the agent to end and wait until it has. */
  stop(): Promise<void>;
}

export interface FairwayProcess extends Fairway {
  readonly pid: number;
}

export interface FairwayOptions {
  readonly node: NodeName;
  readonly variant: Variant;
  /** Beside those that put the agent into the lab. */
  readonly flags: readonly string[];
  /** The objects to begin with. */
  readonly objects: string;
}

/** Start an agent; resolves when its first sync is done. */
export async function startFairway(lab: Lab, options: FairwayOptions): Promise<FairwayProcess> {
  const { node, variant, objects } = options;
  const directory = mkdtempSync(join(directoryOf(lab.prefix), `${node}-`));
  const manifests = mkdtempSync(join(directory, 'manifests-'));

  /** As a whole, so that the agent never sees half of it. */
  function replaceManifest(yaml: string, marker: Marker): void {
    writeFileSync(join(directory, 'next.yaml'), yaml + marker.yaml + marker.twinYaml);
    renameSync(join(directory, 'next.yaml'), join(manifests, 'objects.yaml'));
  }

  /** Resolves when what was written with the marker is in force and the sync has ended. */
  async function waitForSync(marker: Marker): Promise<void> {
    await waitForMarker(lab, node, marker, agent);
    await waitUntil(agent, 'at the end of its sync', () => hasSynced(agent.logged(), marker));
  }

  const first = nextMarker();
  replaceManifest(objects, first);
  const args = [...labFlags(node, variant, manifests), ...options.flags];
  const agent = startAgent(lab.namespace(node), args, join(directory, 'log'));
  await waitForSync(first);
  return {
    pid: agent.pid,
    putObjects: async (yaml) => {
      const marker = nextMarker();
      replaceManifest(yaml, marker);
      await waitForSync(marker);
    },
    stop: agent.stop,
  };
}

function labFlags(node: NodeName, variant: Variant, manifests: string): readonly string[] {
  return [
    `--manifests=${manifests}`,
    `--hostname-override=${node}`,
    `--iptables-variant=${variant}`,
    '--logging-format=json',
    `--healthz-bind-address=${HEALTH}`,
    `--metrics-bind-address=${METRICS}`,
    // The tests wait for each change alone; there is nothing to be gained from holding one back.
    '--iptables-min-sync-period=0s',
    '--ipvs-min-sync-period=0s',
    '--userspace-min-sync-period=0s',
    // An agent that is stopped has nothing more to do.
    '--userspace-drain-timeout=0s',
  ];
}
