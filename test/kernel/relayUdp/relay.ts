/** A UDP relay in the lab's node, and the table that it follows. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createCountMemory, readCounts } from '../../../src/relay/counts.ts';
import {
  IPV6_RECVORIGDSTADDR,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
  IP_RECVORIGDSTADDR,
  IP_TRANSPARENT,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
} from '../../../src/relay/native/constants.ts';
import { createDescriptorMemory, shareDescriptors } from '../../../src/relay/native/descriptors.ts';
import { ipBytes } from '../../../src/relay/native/socketAddress.ts';
import { bindSocket, openSocket, setInt } from '../../../src/relay/native/sockets.ts';
import type { ServiceCounts } from '../../../src/relay/relay.ts';
import { UDP_DEFAULTS } from '../../../src/relay/udp/udp.ts';
import type { UdpOptions } from '../../../src/relay/udp/udp.ts';
import { inside } from './lab.ts';
import type { FromThread, ThreadStart, ToThread } from './thread.ts';

export interface TestRelay {
  /** Follow lines; how many flows there are after that. */
  follow(...lines: readonly string[]): Promise<number>;
  flows(): Promise<number>;
  counts(service: string): ServiceCounts;
  /** Descriptors that it holds. */
  held(): number;
  unlisten(): Promise<number>;
  /** Faults that it told. */
  readonly faults: string[];
  stop(): Promise<void>;
}

const LISTENERS = [
  { side: 'outside', ip: '192.0.0.8' },
  { side: 'inside', ip: '192.0.0.9' },
  { side: 'outside', ip: '100::8' },
  { side: 'inside', ip: '100::9' },
] as const;
const MOST_FILES = 65_536;

export async function startRelay(
  port: number,
  options: Partial<UdpOptions> = {},
): Promise<TestRelay> {
  const memory = createDescriptorMemory(MOST_FILES);
  const descriptors = shareDescriptors(memory, 1);
  const counts = createCountMemory(1);
  const reader = readCounts(counts);
  const slots: string[] = [];
  const faults: string[] = [];
  const worker = inside('node', () => {
    const listeners = LISTENERS.map(({ side, ip }) => ({ side, fd: openListener(ip, port) }));
    const start: ThreadStart = {
      descriptors: memory,
      counts,
      options: { ...UDP_DEFAULTS, ...options },
      listeners: listeners.map((each) => ({ ...each, fd: descriptors.hold(each.fd) })),
    };
    return new Worker(new URL('thread.ts', import.meta.url), { workerData: start });
  });
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'fault') faults.push(message.text);
  });

  async function tell(message: ToThread): Promise<number> {
    worker.postMessage(message);
    for (;;) {
      const [answer] = (await once(worker, 'message')) as [FromThread];
      if (answer.kind === 'done') return answer.flows;
    }
  }

  await once(worker, 'online');
  return {
    follow(...lines) {
      for (const line of lines) {
        const name = /^service (\S+)/.exec(line)?.[1];
        if (name !== undefined && !slots.includes(name)) slots.push(name);
      }
      return tell({ kind: 'follow', lines, slots });
    },
    flows: () => tell({ kind: 'flows' }),
    counts: (service) => reader.read(slots.indexOf(service)),
    held: descriptors.open,
    unlisten: () => tell({ kind: 'unlisten' }),
    faults,
    async stop() {
      const ended = once(worker, 'exit');
      await tell({ kind: 'stop' });
      await ended;
      descriptors.closeAllOf(1);
    },
  };
}

function openListener(ip: string, port: number): number {
  const family = ip.includes(':') ? 6 : 4;
  const fd = openSocket(family, SOCK_DGRAM);
  if (family === 4) {
    setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
    setInt(fd, SOL_IP, IP_RECVORIGDSTADDR, 1);
  } else {
    setInt(fd, SOL_IPV6, IPV6_V6ONLY, 1);
    setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
    setInt(fd, SOL_IPV6, IPV6_RECVORIGDSTADDR, 1);
  }
  bindSocket(fd, { family, ip: ipBytes(ip), port });
  return fd;
}

/** Open files of this whole process. */
export function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
