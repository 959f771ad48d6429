/**
 * Rules that stand only while a node passes from one mode to another: they keep a new connection from
 * being half of the one and half of the other. First in nat, in chains of their own.
 */
import type { Family } from '../net/family.ts';
import { FAMILIES } from '../net/family.ts';
import type { Installed, Mode } from '../backends/backend.ts';
import { chain } from '../backends/iptables/guard.ts';
import { chainKey, jumpsKey } from '../backends/iptables/names.ts';
import type { Target } from '../backends/sets/addresses.ts';
import {
  entryText,
  inSet,
  keysFrom,
  memberKey,
  PORT_HOSTS,
  routeKey,
  setKey,
} from '../backends/sets/names.ts';
import type { NamedObject } from '../backends/sets/names.ts';

export interface GateOptions {
  readonly mode: Mode;
  /** Where this process's relay listens, in userspace mode. */
  readonly relayPort: number | undefined;
}

/** For the time of the change itself. */
export function openGate(target: Target, installed: Installed, options: GateOptions): void {
  for (const family of FAMILIES) {
    if (!installed.has(chainKey(family, 'nat', 'KUBE-SERVICES')) && !isRelayed(installed, family)) {
      continue;
    }
    setGate(target, family, [...past(installed, family, options), relayed(family, options)]);
    setGateOfNode(target, family, past(installed, family, options));
    letIn(target, installed, family, options);
  }
}

/** What is the relay's is no stray packet, of which some modes refuse all. Comes before the gate. */
export function openInput(target: Target): void {
  for (const family of FAMILIES) openInputOf(target, family);
}

function openInputOf(target: Target, family: Family): void {
  const key = jumpsKey(family, 'filter', 'INPUT');
  const jumps = target.get(key);
  if (jumps?.includes(' -j KUBE-SERVICES') !== true) return;
  target.set(key, jumps.replaceAll(' -j KUBE-SERVICES', ' -j KUBE-SWITCH'));
  set(
    target,
    chain(family, 'filter', 'KUBE-SWITCH', [
      '-m socket --transparent -j RETURN',
      '-j KUBE-SERVICES',
    ]),
  );
}

/** Whether a change was begun and not ended; what `keepGate` leaves is no part of it. */
export function isGateOpen(installed: Installed, family: Family): boolean {
  if (installed.has(chainKey(family, 'filter', 'KUBE-SWITCH'))) return true;
  return installed.get(chainKey(family, 'nat', 'KUBE-SWITCH'))?.includes('-m socket ') === true;
}

/** As long as virtual servers of ours stay for their connections, beside the rules of the relay. */
export function keepGate(target: Target, family: Family, options: GateOptions): void {
  if (options.mode !== 'userspace') return;
  const rules = past(target, family, options);
  if (rules.length === 0) return;
  setGate(target, family, rules);
  setGateOfNode(target, family, rules);
  letIn(target, target, family, options);
}

function isRelayed(installed: Installed, family: Family): boolean {
  return installed.has(chainKey(family, 'mangle', 'KUBE-RELAY'));
}

/**
 * What TPROXY gave to the relay must not be translated besides: the kernel forwards no packet that
 * has a socket (`ip_forward`). Where a virtual server stands at the address, IPVS has it anyway.
 */
function relayed(family: Family, { mode }: GateOptions): string {
  const except = mode === 'ipvs' ? ` ${inSet(family, 'KUBE-VIP-PORT', 'dst,dst', '! ')}` : '';
  return `-m socket --transparent${except} -j ACCEPT`;
}

/**
 * IPVS takes every new connection to a virtual server, and one with connections must stay. The relay
 * gets new ones under its own address, and asks conntrack for the one that was dialled. UDP has
 * nothing that stays.
 */
function past(installed: Installed, family: Family, options: GateOptions): readonly string[] {
  const { mode, relayPort } = options;
  // On the way to a third mode they stand until the end, when that has its rules.
  if (mode !== 'userspace') return translations(installed, family);
  if (relayPort === undefined || !hasServers(installed, family)) return [];
  const host = PORT_HOSTS[family].inside;
  const to = `${family === 4 ? host : `[${host}]`}:${String(relayPort)}`;
  const ours = inSet(family, 'KUBE-VIP-OURS', 'dst,dst');
  return [`-p tcp ${ours} -j DNAT --to-destination ${to}`];
}

function translations(installed: Installed, family: Family): readonly string[] {
  const gate = installed.get(chainKey(family, 'nat', 'KUBE-SWITCH')) ?? '';
  return Array.from(gate.matchAll(/^-A KUBE-SWITCH (.* -j DNAT .*)$/gm), ([, rule = '']) => rule);
}

function hasServers(installed: Installed, family: Family): boolean {
  for (const key of keysFrom(installed, `${String(family)}/ipvs/service/TCP `)) return key !== '';
  return false;
}

function setGate(target: Target, family: Family, rules: readonly string[]): void {
  set(target, chain(family, 'nat', 'KUBE-SWITCH', rules));
  addJump(target, family, 'PREROUTING', 'KUBE-SWITCH');
}

/** Of the node's own packets, which have no socket to look for. */
function setGateOfNode(target: Target, family: Family, rules: readonly string[]): void {
  if (rules.length === 0) return;
  set(target, chain(family, 'nat', 'KUBE-SWITCH-OWN', rules));
  addJump(target, family, 'OUTPUT', 'KUBE-SWITCH-OWN');
}

function addJump(target: Target, family: Family, builtin: string, name: string): void {
  const key = jumpsKey(family, 'nat', builtin);
  const others = (target.get(key) ?? '')
    .split('\n')
    .filter((jump) => !jump.includes(' -j KUBE-SWITCH'));
  target.set(key, [`-A ${builtin} -j ${name}`, ...others.filter((jump) => jump !== '')].join('\n'));
}

/** The relay's own address is none that rules refuse, and leads to this node. */
function letIn(target: Target, installed: Installed, family: Family, options: GateOptions): void {
  const { relayPort } = options;
  const isPast = options.mode === 'userspace' && past(installed, family, options).length > 0;
  if (relayPort === undefined || !isPast) return;
  for (const host of Object.values(PORT_HOSTS[family])) {
    target.set(memberKey(family, 'KUBE-VIP-PORT', entryText(host, 'TCP', relayPort)), '');
    const route = routeKey(family, host);
    target.set(route, installed.get(route) ?? '');
  }
  target.set(setKey(family, 'KUBE-VIP-OURS'), installed.get(setKey(family, 'KUBE-VIP-OURS')) ?? '');
}

function set(target: Target, [key, text]: NamedObject): void {
  target.set(key, text);
}
