/** Sending the flows of a scenario through the lab. */
import type { Lab } from '../lab.ts';
import { memberNamed } from '../topology.ts';
import type { DialAsk, Outcome } from '../traffic/messages.ts';
import { SLOWNESS } from '../slowness.ts';
import { clientAddress, resolveAddress, resolveTarget } from './addresses.ts';
import type { AddressNames } from './addresses.ts';
import { judge, judgeMemory, memoryOf, triesFor } from './judge.ts';
import type { ByClient, Memory } from './judge.ts';
import type { Flow } from './schema.ts';

/** Long enough for a busy machine, and for a lost SYN to be sent again. */
const ANSWER_TIMEOUT_MS = 3000 * SLOWNESS;
/** What shall stay silent must not hold the tests up. */
const DROP_TIMEOUT_MS = 400 * SLOWNESS;
const STICKY_TRIES = 6;
const UNANSWERED_TRIES = 3;

/** A flow with one sender, one target and one protocol. */
export interface SingleFlow {
  readonly flow: Flow;
  readonly from: string;
  readonly to: string;
  readonly protocol: DialAsk['protocol'];
}

export interface SentFlow extends SingleFlow {
  readonly outcomes: ByClient;
  /** What is not as expected; empty when all is well. */
  readonly problems: readonly string[];
}

/** Where flows leave what `remember` names, from one step of a scenario to the next. */
export type Memories = Map<string, Memory>;

/**
 * Send flows and judge them: side by side, but one after another those that share a UDP flow or
 * build on what an earlier one remembered.
 */
export async function sendFlows(
  lab: Lab,
  flows: readonly Flow[],
  names: AddressNames,
  memories: Memories,
): Promise<readonly SentFlow[]> {
  const singles = flows.flatMap(singleFlows);
  await holdUnclaimed(lab, singles, names);
  const sent: SentFlow[] = [];
  for (const single of singles.filter(isInOrder)) {
    sent.push(await send(lab, single, names, memories));
  }
  const others = singles.filter((single) => !isInOrder(single));
  return [
    ...sent,
    ...(await Promise.all(others.map((single) => send(lab, single, names, memories)))),
  ];
}

/** `client -> vip:80/TCP`. */
export function flowText({ from, to, protocol }: SingleFlow): string {
  return `${from} -> ${to}/${protocol}`;
}

function singleFlows(flow: Flow): readonly SingleFlow[] {
  return flow.from.flatMap((from) =>
    flow.to.flatMap((to) => flow.protocol.map((protocol) => ({ flow, from, to, protocol }))),
  );
}

function isInOrder({ flow }: SingleFlow): boolean {
  return [flow.remember, flow.sameAs, flow.unlike, flow.sourcePort].some(
    (each) => each !== undefined,
  );
}

/** Let the internet answer wherever a packet that no rule takes would end up. */
async function holdUnclaimed(
  lab: Lab,
  singles: readonly SingleFlow[],
  names: AddressNames,
): Promise<void> {
  for (const protocol of ['TCP', 'UDP'] as const) {
    const at = singles
      .filter((single) => single.protocol === protocol)
      .map((single) => resolveTarget(single.to, names))
      .filter(({ address }) => isServiceAddress(address));
    await lab.speaker('internet').listen(protocol, at);
  }
}

function isServiceAddress(address: string): boolean {
  return /^(10\.96\.|203\.0\.113\.|fd00:10:96:|2001:db8:113:)/.test(address);
}

async function send(
  lab: Lab,
  single: SingleFlow,
  names: AddressNames,
  memories: Memories,
): Promise<SentFlow> {
  const { flow } = single;
  const to = resolveTarget(single.to, names);
  const sources =
    flow.clients === undefined
      ? [flow.sourceAddress === undefined ? undefined : resolveAddress(flow.sourceAddress, names)]
      : Array.from({ length: flow.clients }, (_, index) => clientAddress(to.address, index + 1));
  const results = await Promise.all(
    sources.map(async (sourceAddress) => {
      const client = sourceAddress ?? memberNamed(single.from).name;
      return [client, await dialAll(lab, single, { to, sourceAddress })] as const;
    }),
  );
  const outcomes: ByClient = new Map(results);
  const memory = memoryOf(outcomes);
  const earlier = memories.get(flow.sameAs ?? flow.unlike ?? '') ?? new Map<string, string>();
  const problems = [...judge(flow, outcomes), ...judgeMemory(flow, memory, earlier)];
  if (flow.remember !== undefined) memories.set(flow.remember, memory);
  return { ...single, outcomes, problems };
}

async function dialAll(
  lab: Lab,
  { flow, from, protocol }: SingleFlow,
  ends: Pick<DialAsk, 'to' | 'sourceAddress'>,
): Promise<readonly Outcome[]> {
  const speaker = lab.speaker(from);
  const timeoutMs = flow.expect === 'drop' ? DROP_TIMEOUT_MS : ANSWER_TIMEOUT_MS;
  const ask = { protocol, ...ends, sourcePort: flow.sourcePort, timeoutMs };
  if (flow.sticky !== true) return speaker.dial({ ...ask, times: tries(flow) });
  // The first alone: clients that come at once have nothing to stick to yet.
  const first = await speaker.dial({ ...ask, times: 1 });
  return [...first, ...(await speaker.dial({ ...ask, times: STICKY_TRIES - 1 }))];
}

function tries(flow: Flow): number {
  if (flow.sourcePort !== undefined) return 1;
  if (typeof flow.expect === 'string') return UNANSWERED_TRIES;
  // Many clients make many tries together.
  return Math.max(1, Math.ceil(triesFor(flow.expect.length) / (flow.clients ?? 1)));
}
