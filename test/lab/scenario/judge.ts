/** Comparing what happened to a flow with what had to happen. Pure. */
import type { Greeting, Outcome } from '../traffic/messages.ts';
import { ownerOf } from './addresses.ts';
import type { Flow } from './schema.ts';

/** The outcomes of one client address, in the order in which they came. */
export type ByClient = ReadonlyMap<string, readonly Outcome[]>;

/** Who answered each client first, as `remember` keeps it. */
export type Memory = ReadonlyMap<string, string>;

const MISSED_ONCE_IN = 1e6;
const FEWEST_TRIES = 3;

/**
 * How many tries it takes until each of `servers` equally likely ones has answered, but for one
 * run in a million.
 */
export function triesFor(servers: number): number {
  if (servers <= 1) return FEWEST_TRIES;
  return Math.ceil(Math.log(servers * MISSED_ONCE_IN) / -Math.log(1 - 1 / servers));
}

/** The server as flows.yaml names it: a member, or the address where a member has several. */
function serverName(greeting: Greeting): string {
  const owner = ownerOf(greeting.at.address);
  // A Service address reached as it is, by nobody's rule, belongs to the internet.
  return greeting.member === 'internet' ? 'internet' : owner;
}

/** Everything that is not as expected, each a short sentence; empty when all is well. */
export function judge(flow: Flow, outcomes: ByClient): readonly string[] {
  const all = [...outcomes.values()].flat();
  if (typeof flow.expect === 'string') return judgeUnanswered(flow.expect, all);
  const expected = flow.expect;
  const seen = new Set(all.map(outcomeName));
  const problems = [
    ...[...seen].filter((name) => !expected.includes(name)).map((name) => `got ${name}`),
    ...(reachesAll(flow) ? expected.filter((name) => !seen.has(name)) : []).map(
      (name) => `never reached ${name}`,
    ),
    ...judgeSources(flow.source, all),
  ];
  return flow.sticky === true ? [...problems, ...judgeSticky(outcomes)] : problems;
}

/** Whether the answers fit those remembered earlier. */
export function judgeMemory(flow: Flow, now: Memory, before: Memory): readonly string[] {
  const moved = [...now].filter(([client, server]) => before.get(client) !== server);
  if (flow.sameAs !== undefined && moved.length > 0) {
    const [client, server] = moved[0] ?? ['', ''];
    const was = before.get(client) ?? 'nobody';
    return [`${String(moved.length)} clients moved, ${client} from ${was} to ${server}`];
  }
  const isStuck = flow.unlike !== undefined && moved.length === 0;
  return isStuck ? [`every client is answered as before`] : [];
}

export function memoryOf(outcomes: ByClient): Memory {
  return new Map(
    [...outcomes].map(([client, [first]]) => [client, first ? outcomeName(first) : 'nobody']),
  );
}

/** A word for a table: who answered, or what happened instead. */
export function outcomeName(outcome: Outcome): string {
  if (outcome.kind === 'answer') return serverName(outcome.greeting);
  return outcome.kind === 'error' ? outcome.code : outcome.kind;
}

/** One sticky client, and one UDP flow, stay with one server; many such reach all. */
function reachesAll(flow: Flow): boolean {
  const isOne = flow.sticky === true || flow.sourcePort !== undefined;
  return !isOne || (flow.clients ?? 1) > 1;
}

/** As whom the servers saw the client. */
export function sourceNames(outcomes: readonly Outcome[]): readonly string[] {
  const answers = outcomes.filter((each) => each.kind === 'answer');
  return [...new Set(answers.map(({ greeting }) => ownerOf(greeting.source.address)))];
}

function judgeUnanswered(expect: 'reject' | 'drop', all: readonly Outcome[]): readonly string[] {
  const wanted = expect === 'reject' ? 'refused' : 'silence';
  const others = new Set(all.map(outcomeName).filter((name) => name !== wanted));
  return [...others].map((name) => `got ${name} instead of ${expect}`);
}

function judgeSources(source: string | undefined, all: readonly Outcome[]): readonly string[] {
  if (source === undefined) return [];
  const others = sourceNames(all).filter((name) => name !== source);
  return others.map((other) => `server saw ${other} instead of ${source}`);
}

function judgeSticky(outcomes: ByClient): readonly string[] {
  const fickle = [...outcomes].filter(([, list]) => new Set(list.map(outcomeName)).size > 1);
  return fickle.slice(0, 3).map(([client, list]) => {
    return `client ${client} was moved: ${list.map(outcomeName).join(', ')}`;
  });
}
