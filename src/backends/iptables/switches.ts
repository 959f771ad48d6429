/**
 * Sysctls that we switch, and how the node remembers how they were. The memory is an empty
 * chain in the filter table: it lives and dies with our rules, and a clean-up by another process
 * finds it. (kube-proxy leaves such sysctls as it set them.)
 */
import type { Family } from '../../net/family.ts';
import type { SysctlOperation } from '../../plan/operation.ts';
import type { Installed, ObjectKey, Rules } from '../backend.ts';
import { chainKey, sysctlKey } from './names.ts';

export interface Switch {
  readonly sysctl: string;
  readonly value: string;
  /** What it usually is, and a clean-up puts back. */
  readonly usual: string;
  /** Only where this kernel has it now: it belongs to a module that others load. */
  readonly isOptional?: true;
  /** The empty chain that says: otherwise before us. */
  readonly marker: string;
  readonly purposeOn: string;
  readonly purposeOff: string;
}

export const ROUTE_LOCALNET: Switch = {
  sysctl: 'net.ipv4.conf.all.route_localnet',
  value: '1',
  usual: '0',
  marker: 'KUBE-LOCALNET-WAS-OFF',
  purposeOn: 'Let 127.0.0.1 accept NodePorts (guarded by KUBE-LOCALNET)',
  purposeOff: 'Close 127.0.0.0/8 again, as it was before',
};

export const TCP_BE_LIBERAL: Switch = {
  sysctl: 'net.netfilter.nf_conntrack_tcp_be_liberal',
  value: '1',
  usual: '0',
  marker: 'KUBE-LIBERAL-WAS-OFF',
  purposeOn: 'Let TCP packets outside the window pass',
  purposeOff: 'Let conntrack judge TCP windows again, as it did before',
};

/** See backends/userspace/README.md; one for each family. */
export const BRIDGE_NETFILTER: Readonly<Record<Family, Switch>> = {
  4: bridgeNetfilter('net.bridge.bridge-nf-call-iptables', 'KUBE-BRIDGE-WAS-ON'),
  6: bridgeNetfilter('net.bridge.bridge-nf-call-ip6tables', 'KUBE-BRIDGE6-WAS-ON'),
};

function bridgeNetfilter(sysctl: string, marker: string): Switch {
  return {
    ...{ sysctl, value: '0', usual: '1', isOptional: true, marker },
    purposeOn: 'Let the relay have packets of pods on a bridge',
    purposeOff: 'Let iptables see packets on bridges again, as before',
  };
}

/** Nobody but the node that has an address answers for it, nor asks in its name. */
export const STRICT_ARP: readonly Switch[] = [
  strictArp('net.ipv4.conf.all.arp_ignore', '1', 'KUBE-ARPIGNORE-WAS-OFF'),
  strictArp('net.ipv4.conf.all.arp_announce', '2', 'KUBE-ARPANNOUNCE-WAS-OFF'),
];

function strictArp(sysctl: string, value: string, marker: string): Switch {
  return {
    ...{ sysctl, value, usual: '0', marker },
    purposeOn: "Keep Services' addresses out of ARP",
    purposeOff: 'Let ARP know all local addresses again, as before',
  };
}

const SWITCHES: readonly Switch[] = [
  ROUTE_LOCALNET,
  TCP_BE_LIBERAL,
  ...Object.values(BRIDGE_NETFILTER),
  ...STRICT_ARP,
];

/** An entry of Rules that wants it switched. */
export function switched({ sysctl, value }: Switch): readonly [ObjectKey, string] {
  return [sysctlKey(sysctl), value];
}

/** Markers come and go with the sysctl that they belong to, and are in no Rules. */
export function isMarker(chain: string): boolean {
  return SWITCHES.some(({ marker }) => marker === chain);
}

export interface SwitchPlan {
  /** Put back before the rules that guard them go. */
  readonly off: readonly SysctlOperation[];
  /** Switched only behind the rules that guard them. */
  readonly on: readonly SysctlOperation[];
  readonly markersIn: readonly string[];
  readonly markersOut: readonly string[];
}

export function planSwitches(installed: Installed, desired: Rules): SwitchPlan {
  // Its value, too: states on the way to another mode hold what was read.
  const isWanted = (each: Switch): boolean => desired.get(sysctlKey(each.sysctl)) === each.value;
  const on = SWITCHES.filter((each) => isWanted(each) && isDue(each, installed));
  const off = SWITCHES.filter(
    (each) => !isWanted(each) && installed.has(chainKey(4, 'filter', each.marker)),
  );
  return {
    on: on.map((each) => operation(each, each.purposeOn, each.value)),
    off: off.map((each) => operation(each, each.purposeOff, each.usual)),
    markersIn: on.map(({ marker }) => marker),
    markersOut: off.map(({ marker }) => marker),
  };
}

function isDue({ sysctl, value, isOptional }: Switch, installed: Installed): boolean {
  const found = installed.get(sysctlKey(sysctl));
  return found !== value && (found !== undefined || isOptional !== true);
}

function operation({ sysctl }: Switch, purpose: string, value: string): SysctlOperation {
  return { kind: 'sysctl', purpose, name: sysctl, value };
}

/** The sysctls to read back. */
export const SWITCHED_SYSCTLS: readonly string[] = SWITCHES.map(({ sysctl }) => sysctl);
