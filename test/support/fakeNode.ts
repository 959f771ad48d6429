/** A whole node in memory: rules and sets, virtual servers and routes, and a relay. */
import type { Operation } from '../../src/plan/operation.ts';
import { RELAY } from '../../src/plan/relayTable.ts';
import type { NodeReader } from '../../src/backends/backend.ts';
import { fakeIpvs } from './fakeIpvs.ts';
import { fakeKernel } from './fakeKernel.ts';
import { fakeRelay } from './fakeRelay.ts';

export interface FakeNode {
  readonly reader: NodeReader;
  /** Rejects what the real programs refuse. */
  apply(operation: Operation): Promise<void>;
  /** Another process: its relay knows nothing yet. */
  restart(): void;
  /** Everything on the node, equal for equal nodes. */
  dump(): Promise<string>;
}

const SYSCTLS = { 'net.ipv4.conf.all.route_localnet': '0' };

export function fakeNode(): FakeNode {
  const kernel = fakeKernel(SYSCTLS);
  const others = fakeIpvs({ 4: ['192.0.2.11'], 6: ['2001:db8::11'] });
  let relay = fakeRelay();
  const reader: NodeReader = {
    sysctl: async (name) => (await kernel.sysctl(name)) ?? (await others.reader.sysctl(name)),
    async list(program, args) {
      if (program === RELAY) return relay.table();
      if (program === 'ss' || program === 'nft' || args.includes('rule')) return '';
      const isOthers = program === 'ip' || program === 'ipvsadm';
      return isOthers ? others.reader.list(program, args) : kernel.list(program, args);
    },
  };
  return {
    reader,
    async apply(operation) {
      if (operation.kind === 'sysctl') {
        if (operation.name in SYSCTLS) await kernel.apply(operation);
        else others.apply(operation);
      } else if (operation.program === RELAY) await relay.apply(operation.stdin ?? '');
      else if (operation.program === 'ip' || operation.program === 'ipvsadm')
        others.apply(operation);
      else await kernel.apply(operation);
    },
    restart() {
      relay = fakeRelay();
    },
    async dump() {
      const servers = await others.reader.list('ipvsadm', ['-Ln']);
      const routes = await Promise.all(
        ['-4', '-6'].map((family) => others.reader.list('ip', [family, 'route', 'show'])),
      );
      // Listed in the order in which they came.
      const lines = [servers.replaceAll('\n  ->', ' ->'), ...routes].join('\n').split('\n').sort();
      return [kernel.dump(), ...lines.filter((line) => line !== '')].join('\n');
    },
  };
}
