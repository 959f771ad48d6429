/** The loads that speed is measured with. */
import type { LoadKind, LoadSpec } from '../load/spec.ts';
import type { Effort } from '../schema.ts';
import type { ServePorts } from '../servers/ports.ts';

/** In the order in which they are measured. */
export const LOAD_KINDS = [
  'connect',
  'connections',
  'requests',
  'bulk',
  'udpRoundTrip',
  'udpPackets',
] as const satisfies readonly LoadKind[];

export const PORT_OF: Readonly<Record<LoadKind, keyof ServePorts>> = {
  connect: 'tcp',
  connections: 'tcp',
  requests: 'http',
  bulk: 'bulk',
  udpRoundTrip: 'udp',
  udpPackets: 'udp',
};

/** Far below what any mode can do, so that what is measured is the way and no queue. */
const RATE = 250;
/** Enough to keep two processors busy. */
const AT_ONCE = 16;
const TIMEOUT_MS = 5000;

/** What to send for one measurement of this kind. */
export function loadOf(
  kind: LoadKind,
  targets: readonly string[],
  { seconds, slowness }: Pick<Effort, 'seconds' | 'slowness'>,
): LoadSpec {
  const base = { targets: [...targets], seconds };
  const timeoutMs = TIMEOUT_MS * slowness;
  switch (kind) {
    case 'connect':
    case 'udpRoundTrip':
      return { kind, ...base, rate: RATE / slowness, timeoutMs };
    case 'connections':
      return { kind, ...base, atOnce: AT_ONCE, timeoutMs };
    case 'requests':
    case 'udpPackets':
      return { kind, ...base, atOnce: AT_ONCE };
    case 'bulk':
      return { kind, ...base, atOnce: 1 };
  }
}
