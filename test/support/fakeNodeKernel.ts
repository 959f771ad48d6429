/** The Kernel of a node in memory, for a whole agent in any mode: all that it asks and runs. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import { fakeIpvs } from './fakeIpvs.ts';
import { fakeKernel } from './fakeKernel.ts';

/** What every rule of a listed chain has counted. */
const PACKETS = 7;

/** What is there before anybody sets it. */
const SYSCTLS = { 'net.ipv4.conf.all.route_localnet': '0' };

export interface FakeNodeKernel extends Kernel {
  /** Everything on the node, equal for equal nodes. */
  dump(): Promise<string>;
}

export function fakeNodeKernel(): FakeNodeKernel {
  const tables = fakeKernel(SYSCTLS);
  const servers = fakeIpvs({ 4: ['192.168.0.1'], 6: [] });
  const isOfServers = (program: string): boolean => program === 'ip' || program === 'ipvsadm';
  const sysctls = new Map<string, string>();

  async function list(program: string, args: readonly string[]): Promise<string> {
    if (program === 'ss' || program === 'nft' || args.includes('rule')) return '';
    if (isOfServers(program)) return servers.reader.list(program, args);
    if (!/^ip6?tables(?:-nft)?$/.test(program)) return tables.list(program, args);
    const last = args.at(-1) ?? '';
    if (last === '-V') return 'iptables v1.8.9 (nf_tables)';
    if (args.includes('-nvxL')) return counted(await tables.list(`${program}-save`, []), last);
    return '';
  }

  return {
    async apply(operation) {
      const isOfTables = operation.kind === 'sysctl' && operation.name in SYSCTLS;
      if (operation.kind === 'sysctl' && !isOfTables) sysctls.set(operation.name, operation.value);
      else if (operation.kind === 'run' && isOfServers(operation.program)) servers.apply(operation);
      else await tables.apply(operation);
    },
    list,
    sysctl: async (name) => sysctls.get(name) ?? tables.sysctl(name),
    async dump() {
      const listed = await servers.reader.list('ipvsadm', ['-Ln']);
      const routes = await Promise.all(
        ['-4', '-6'].map((family) => servers.reader.list('ip', [family, 'route', 'show'])),
      );
      // Listed in the order in which they came.
      const lines = [listed.replaceAll('\n  ->', ' ->'), ...routes].join('\n').split('\n').sort();
      const values = [...sysctls].map(([name, value]) => `${name} = ${value}`).sort();
      return [tables.dump(), ...values, ...lines.filter((line) => line !== '')].join('\n');
    },
  };
}

/** A chain as `iptables -nvxL` prints it, as far as counts are read from there. */
function counted(save: string, chain: string): string {
  const rules = save.split('\n').filter((line) => line.startsWith(`-A ${chain} `));
  return rules.map((rule) => `${String(PACKETS)} 420 ${rule.replaceAll('--ct', 'ct')}`).join('\n');
}
