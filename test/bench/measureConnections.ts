/** How many new connections a second the rules let through. */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SLOWNESS } from '../lab/slowness.ts';
import { movedEndpoint, POD_PORT, SERVICE_PORT } from './addresses.ts';
import type { Started } from './measureStart.ts';
import type { Effort } from './options.ts';
import { runLong } from './raw.ts';
import type { ConnectionsResult } from './results.ts';
import type { Site } from './site.ts';
import { parseWrk } from './wrk.ts';

const SERVER = fileURLToPath(new URL('server.pl', import.meta.url));
const CONNECTIONS = 32;
/** The first connections after a change of namespaces are slower: neighbours, slow start. */
const WARM_UP_SECONDS = 1;
const SETTLE_MS = 200 * SLOWNESS;
/** Far behind all that changes move endpoints to. */
const UNUSED = 4000;

/**
 * Through the worst-placed Service and directly to a pod, by turns. The pod is none of the
 * Service's: clients count their TCP timestamps per address that they dial, so a server that is
 * reached under two refuses the second's SYN (PAWS) as long as it remembers the first's port.
 */
export async function measureConnections(
  { site, raw }: Started,
  { rounds, roundSeconds }: Effort,
): Promise<ConnectionsResult> {
  const worst = raw.worst();
  const service = `${worst.clusterIp}:${String(SERVICE_PORT)}`;
  const pod = `${movedEndpoint(UNUSED)}:${String(POD_PORT)}`;
  await servePods(site);
  await load(site, service, WARM_UP_SECONDS);
  await load(site, pod, WARM_UP_SECONDS);
  const throughService: number[] = [];
  const direct: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    throughService.push(await load(site, service, roundSeconds));
    direct.push(await load(site, pod, roundSeconds));
  }
  return { rules: worst.rules, throughService, direct };
}

/** Put the fast server where the one that tells its address was; it ends with the site. */
async function servePods(site: Site): Promise<void> {
  site.stopPods();
  const args = ['netns', 'exec', site.namespace('pods'), 'perl', SERVER, String(POD_PORT)];
  spawn('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await wait(SETTLE_MS);
}

async function load(site: Site, address: string, seconds: number): Promise<number> {
  const amount = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${String(seconds)}s`];
  const command = ['wrk', ...amount, '-H', 'Connection: close', `http://${address}/`];
  const { stdout } = await runLong(site, 'client', command);
  return parseWrk(stdout);
}
