/** The relay of userspace mode, as the agent opens it and speaks to it. */
import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { RELAY } from '../plan/relayTable.ts';
import type { RelayOptions } from '../relay/open.ts';
import type { Relay } from '../relay/relay.ts';

export interface OpenOptions {
  readonly config: Config;
  readonly families: readonly Family[];
  readonly log: Log;
}

/** Rejects when no port of the range is free, or the node does not let it listen. */
export async function openRelayOf({ config, families, log }: OpenOptions): Promise<Relay> {
  // It loads native code, which the other modes can do without.
  const { openRelay } = await import('../relay/open.ts');
  const relay = await openRelay({ ...relayOptions(config), families, log });
  log.info('relay open', { port: relay.port });
  return relay;
}

function relayOptions({ userspace, iptables }: Config): Omit<RelayOptions, 'families' | 'log'> {
  const { ports, dialTimeouts, idleTimeout, connectionLimit, udpTimeout, udpFlows } = userspace;
  return {
    ports,
    workers: userspace.workers || Math.max(1, Math.floor(availableParallelism() / 2)),
    dialTimeoutsMs: dialTimeouts,
    idleTimeoutMs: idleTimeout || undefined,
    maxConnections: connectionLimit || undefined,
    fileLimit: undefined,
    dialMark: 2 ** iptables.masqueradeBit,
    keepsClientAddress: userspace.keepClientAddress,
    udp: { mostFlows: udpFlows, twoWayMs: udpTimeout, oneWayMs: udpTimeout / 4 },
  };
}

/** The same kernel, where what a Plan has for the relay goes to this one. */
export function withRelay(kernel: Kernel, relay: Pick<Relay, 'apply' | 'table'>): Kernel {
  return {
    ...kernel,
    async apply(operation, signal) {
      if (operation.kind !== 'run' || operation.program !== RELAY) {
        return kernel.apply(operation, signal);
      }
      try {
        await relay.apply(operation.stdin ?? '');
      } catch (error) {
        throw refusal(error);
      }
    },
    list: (program, args, signal) =>
      program === RELAY ? Promise.resolve(relay.table()) : kernel.list(program, args, signal),
  };
}

/** As a tool's, so that the sync counts, names and retries it. */
function refusal(cause: unknown): KernelError {
  const firstLine = cause instanceof Error ? cause.message : String(cause);
  const details = { kind: 'rejected', program: RELAY, exitCode: undefined, firstLine } as const;
  return new KernelError(
    `the relay refused a change of its table (${firstLine}): print the table with --dry-run to look further`,
    { ...details, inputLine: undefined },
    cause,
  );
}

const BRIDGE_NETFILTER = 'net.bridge.bridge-nf-call-iptables';

/** Pods on a bridge would be refused, and nobody would know why. */
export async function warnOfBridges(
  config: Config,
  { kernel, log }: { readonly kernel: Kernel; readonly log: Log },
): Promise<void> {
  if (config.userspace.bridgeNetfilter === 'off') return;
  if ((await kernel.sysctl(BRIDGE_NETFILTER)) !== '1') return;
  log.warn('pods on a bridge are refused, say --userspace-bridge-netfilter=off to serve them', {
    sysctl: BRIDGE_NETFILTER,
  });
}
