/** The relay of userspace mode, as the agent opens it and speaks to it. */
import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.ts';
import type { NodeReader } from '../backends/backend.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { IptablesPrograms } from '../kernel/variant.ts';
import type { Log } from '../observe/log.ts';
import { RELAY } from '../plan/relayTable.ts';
import type { RelayOptions } from '../relay/open.ts';
import type { Relay } from '../relay/relay.ts';

export interface OpenOptions {
  readonly config: Config;
  readonly programs: IptablesPrograms;
  readonly kernel: NodeReader;
  readonly log: Log;
}

/** Rejects when no port of the range is free, or the node does not let it listen. */
export async function openRelayOf(options: OpenOptions): Promise<Relay> {
  const { config, log, programs } = options;
  const lastChoice = await portOfRules(options);
  // It loads native code, which the other modes can do without.
  const { openRelay } = await import('../relay/open.ts');
  const relay = await openRelay({
    ...relayOptions(config),
    ...{ families: programs.families, lastChoice, log },
  });
  log.info('relay open', { port: relay.port });
  return relay;
}

/** To which rules of an earlier process lead; undefined without any. */
async function portOfRules({ kernel, programs }: OpenOptions): Promise<number | undefined> {
  for (const family of programs.families) {
    const saved = await kernel.list(programs.names[family].save, ['-t', 'mangle']);
    const [, port] = /^-A KUBE-RELAY\b.* --on-port (\d+)/m.exec(saved) ?? [];
    if (port !== undefined) return Number(port);
  }
  return undefined;
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

export interface WarnOptions {
  readonly config: { readonly userspace: Pick<Config['userspace'], 'bridgeNetfilter'> };
  readonly kernel: Pick<NodeReader, 'sysctl'>;
  readonly log: Pick<Log, 'warn'>;
}

/** Pods on a bridge would be refused, and nobody would know why. */
export async function warnOfBridges(
  { bridgeProblem }: Pick<Relay, 'bridgeProblem'>,
  { config, kernel, log }: WarnOptions,
): Promise<void> {
  if (bridgeProblem === undefined || config.userspace.bridgeNetfilter === 'off') return;
  if ((await kernel.sysctl(BRIDGE_NETFILTER)) !== '1') return;
  log.warn(
    'pods on a bridge are refused: let the agent use bpf(2), of Linux 5.17 or newer, or say --userspace-bridge-netfilter=off',
    { sysctl: BRIDGE_NETFILTER, found: bridgeProblem },
  );
}
