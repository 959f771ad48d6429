/** The connection tracking table: finding UDP flows and ending them. */
import type { Family } from '../net/family.ts';
import { KernelError } from './errors.ts';
import { runProgram } from './run.ts';

/** Where a flow was sent to and who answers it: all that decides whether it is stale. */
export interface UdpFlow {
  readonly family: Family;
  /** The address that the client dialled, in the canonical text of `Ip`. */
  readonly originalDestination: string;
  readonly originalPort: number;
  /** Who must send the replies: after DNAT the endpoint, without NAT the dialled address. */
  readonly replySource: string;
  readonly replySourcePort: number;
}

export interface DeleteFlowsOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 60_000;
const ATTEMPTS = 3;

/**
 * Delete every UDP flow of `families` that `isStale` names; returns how many were. Flows that
 * differ only in their client are deleted by one command: a flood from a hundred thousand
 * addresses costs one listing and a few deletions. Throws KernelError.
 */
export async function deleteUdpFlows(
  families: readonly Family[],
  isStale: (flow: UdpFlow) => boolean,
  options: DeleteFlowsOptions = {},
): Promise<number> {
  let deleted = 0;
  for (const family of families) {
    for (const flow of await findFlows(family, isStale, options)) {
      deleted += await deleteFlows(flow, options);
    }
  }
  return deleted;
}

/** The distinct stale flows. */
async function findFlows(
  family: Family,
  isStale: (flow: UdpFlow) => boolean,
  options: DeleteFlowsOptions,
): Promise<readonly UdpFlow[]> {
  const found = new Map<string, UdpFlow>();
  function onLine(line: string): void {
    const flow = parseFlow(family, line);
    if (flow !== undefined && isStale(flow)) found.set(deletionArgs(flow).join(' '), flow);
  }
  const args = ['-L', ...scope(family)];
  try {
    await retryInterrupted(() => conntrack(args, { ...options, onLine }));
  } catch (error) {
    // Interrupted each time, it still showed most flows; the rest is for a later check.
    if (!isInterrupted(error)) throw error;
  }
  return [...found.values()];
}

const FLOW =
  /^udp .*? dst=([0-9a-f.:]+) sport=\d+ dport=(\d+) (?:\S+ )*?src=([0-9a-f.:]+) dst=[0-9a-f.:]+ sport=(\d+) /;

/** One line of `conntrack -L`; undefined for what is no UDP flow. */
export function parseFlow(family: Family, line: string): UdpFlow | undefined {
  const match = FLOW.exec(line);
  if (match === null) return undefined;
  const [, originalDestination = '', originalPort, replySource = '', replySourcePort] = match;
  return {
    family,
    originalDestination,
    originalPort: Number(originalPort),
    replySource,
    replySourcePort: Number(replySourcePort),
  };
}

/** The command that deletes all flows like this one, whoever their client is. */
export function deletionArgs(flow: UdpFlow): readonly string[] {
  const { family, originalDestination, originalPort, replySource, replySourcePort } = flow;
  const dialled = ['--orig-dst', originalDestination, '--orig-port-dst', String(originalPort)];
  const answering = ['--reply-src', replySource, '--reply-port-src', String(replySourcePort)];
  return ['-D', ...scope(family), ...dialled, ...answering];
}

/** Other zones are other software's (Open vSwitch), which tracks our flows a second time there. */
function scope(family: Family): readonly string[] {
  return ['-f', `ipv${String(family)}`, '-p', 'udp', '-w', '0'];
}

/** Deleting nothing is an error to the program and none to us. */
async function deleteFlows(flow: UdpFlow, options: DeleteFlowsOptions): Promise<number> {
  let deleted = 0;
  // It prints each flow that it deleted.
  function onLine(): void {
    deleted += 1;
  }
  try {
    await retryInterrupted(() => conntrack(deletionArgs(flow), { ...options, onLine }));
  } catch (error) {
    if (!isNothingDeleted(error)) throw error;
  }
  return deleted;
}

type ConntrackOptions = DeleteFlowsOptions & {
  readonly onLine: (line: string) => void;
};

async function conntrack(args: readonly string[], options: ConntrackOptions): Promise<void> {
  const { timeoutMs = TIMEOUT_MS, signal, onLine } = options;
  await runProgram('conntrack', args, { timeoutMs, signal, onLine });
}

/** conntrack gives up when the table changes under its hands. */
async function retryInterrupted(run: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    try {
      await run();
      return;
    } catch (error) {
      if (!isInterrupted(error)) throw error;
    }
  }
  await run();
}

function isInterrupted(error: unknown): boolean {
  return error instanceof KernelError && error.kind === 'busy';
}

function isNothingDeleted(error: unknown): boolean {
  if (!(error instanceof KernelError)) return false;
  return /\b0 flow entries have been deleted/.test(error.details.firstLine);
}
