/** The sysctls that a mode switches, for a process that only prepares the node. */
import { policyFrom } from '../config/policy.ts';
import type { Config } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { chooseVariant } from '../kernel/variant.ts';
import { emptySnapshot } from '../model/snapshot.ts';
import type { NodeInfo } from '../model/types.ts';
import { parseCidr, parseIp } from '../net/address.ts';
import type { SysctlOperation } from '../plan/operation.ts';
import { backendOf } from './backends.ts';

/** Those of the mode's own rules that differ on this node, without those that this kernel lacks. */
export async function modeSysctls(
  config: Config,
  kernel: Kernel,
): Promise<readonly SysctlOperation[]> {
  // Those of IPVS are there once it is loaded.
  if (config.mode === 'ipvs') await kernel.list('ipvsadm', ['--list', '--numeric']);
  const operations: SysctlOperation[] = [];
  for (const [name, value] of await sysctlsInRules(config, kernel)) {
    const found = await kernel.sysctl(name);
    const purpose = `What ${config.mode} mode needs of the node`;
    if (found !== undefined && found !== value) {
      operations.push({ kind: 'sysctl', purpose, name, value });
    }
  }
  return operations;
}

async function sysctlsInRules(
  config: Config,
  kernel: Kernel,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const programs = await chooseVariant(kernel, config.iptables.variant);
  const { policy, missing } = policyFrom(config, SOME_NODE);
  if (missing !== undefined) throw new Error(`expected ${missing.join(', ')}, found none`);
  const { rules } = backendOf(config, programs).render(emptySnapshot(policy, programs.families));
  return [...rules.entries()].flatMap(([key, value]) => {
    // 0/sysctl/value/NAME, and in ipvs mode 0/ipvs/sysctl/NAME.
    const name = /\/sysctl\/(?:value\/)?(net\..+)$/.exec(key)?.[1];
    return name === undefined ? [] : [[name, value] as const];
  });
}

/** Stands for the node, which is not known yet; its addresses get into no sysctl. */
const SOME_NODE: NodeInfo = {
  name: 'node',
  ips: [parseIp('192.0.2.1'), parseIp('2001:db8::1')].filter((ip) => ip !== undefined),
  zone: undefined,
  podCIDRs: [parseCidr('192.0.2.0/24')].filter((cidr) => cidr !== undefined),
  isLeaving: false,
};
