/**
 * Sysctls that we turn on, and how the node remembers that they were off. The memory is an empty
 * chain in the filter table: it lives and dies with our rules, and a clean-up by another process
 * finds it. (kube-proxy leaves such sysctls as it set them.)
 */
import type { SysctlOperation } from '../../plan/operation.ts';
import type { Installed, ObjectKey, Rules } from '../backend.ts';
import { chainKey, sysctlKey } from './names.ts';

export interface Switch {
  readonly sysctl: string;
  /** The empty chain that says: off before us. */
  readonly marker: string;
  readonly purposeOn: string;
  readonly purposeOff: string;
}

export const ROUTE_LOCALNET: Switch = {
  sysctl: 'net.ipv4.conf.all.route_localnet',
  marker: 'KUBE-LOCALNET-WAS-OFF',
  purposeOn: 'Let 127.0.0.1 accept NodePorts (guarded by KUBE-LOCALNET)',
  purposeOff: 'Close 127.0.0.0/8 again, as it was before',
};

export const TCP_BE_LIBERAL: Switch = {
  sysctl: 'net.netfilter.nf_conntrack_tcp_be_liberal',
  marker: 'KUBE-LIBERAL-WAS-OFF',
  purposeOn: 'Let TCP packets outside the window pass',
  purposeOff: 'Let conntrack judge TCP windows again, as it did before',
};

const SWITCHES: readonly Switch[] = [ROUTE_LOCALNET, TCP_BE_LIBERAL];

/** An entry of Rules that wants the switch on. */
export function switchedOn({ sysctl }: Switch): readonly [ObjectKey, string] {
  return [sysctlKey(sysctl), '1'];
}

/** Markers come and go with the sysctl that they belong to, and are in no Rules. */
export function isMarker(chain: string): boolean {
  return SWITCHES.some(({ marker }) => marker === chain);
}

export interface SwitchPlan {
  /** Turned off before the rules that guard them go. */
  readonly off: readonly SysctlOperation[];
  /** Turned on only behind the rules that guard them. */
  readonly on: readonly SysctlOperation[];
  readonly markersIn: readonly string[];
  readonly markersOut: readonly string[];
}

export function planSwitches(installed: Installed, desired: Rules): SwitchPlan {
  const isWanted = (each: Switch): boolean => desired.has(sysctlKey(each.sysctl));
  const on = SWITCHES.filter(
    (each) => isWanted(each) && installed.get(sysctlKey(each.sysctl)) !== '1',
  );
  const off = SWITCHES.filter(
    (each) => !isWanted(each) && installed.has(chainKey(4, 'filter', each.marker)),
  );
  return {
    on: on.map((each) => operation(each, each.purposeOn, '1')),
    off: off.map((each) => operation(each, each.purposeOff, '0')),
    markersIn: on.map(({ marker }) => marker),
    markersOut: off.map(({ marker }) => marker),
  };
}

function operation({ sysctl }: Switch, purpose: string, value: string): SysctlOperation {
  return { kind: 'sysctl', purpose, name: sysctl, value };
}

/** The sysctls to read back. */
export const SWITCHED_SYSCTLS: readonly string[] = SWITCHES.map(({ sysctl }) => sysctl);
