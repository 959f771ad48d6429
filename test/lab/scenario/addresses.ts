/** From names that people write to addresses, and from addresses that servers see to names. */
import { BlockList, isIP } from 'node:net';
import { CLIENT, CLIENT_RANGES, gateways, MEMBERS, NODES } from '../topology.ts';
import type { SocketAddress } from '../traffic/messages.ts';

/** Names of one scenario's own, such as `vip`. */
export type AddressNames = Readonly<Record<string, string>>;

const CLIENT_SOURCES = blockList(CLIENT_RANGES);

/**
 * `10.96.0.10:80`, `[fd00::1]:80`, `vip:80` for a name of the scenario, `node1:30080` for a
 * member's IPv4 address, `node1.v6:30080` for its IPv6 address, `localhost:80`, `localhost.v6:80`.
 */
export function resolveTarget(target: string, names: AddressNames): SocketAddress {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(target) ?? [];
  if (host === '') throw new Error(`expected ADDRESS:PORT, found "${target}"`);
  return { address: resolveAddress(host, names), port: Number(port) };
}

/** The same without a port. */
export function resolveAddress(host: string, names: AddressNames): string {
  const bare = host.replace(/^\[(.+)\]$/, '$1');
  if (isIP(bare) !== 0) return bare;
  const address = names[host] ?? memberAddress(host);
  if (address !== undefined && isIP(address) !== 0) return address;
  const known = [...Object.keys(names), ...MEMBERS.map((member) => member.name)].join(', ');
  throw new Error(`"${host}" is neither an address nor a known name (${known})`);
}

/** The member that sends from this address: `node1` also for the address of its bridge. */
export function ownerOf(address: string): string {
  if (CLIENT_SOURCES.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return CLIENT.name;
  const node = NODES.find(({ name }) => gateways(name).includes(address));
  const member = node ?? MEMBERS.find(({ addresses }) => addresses.includes(address));
  return member?.name ?? address;
}

/** The n-th address (from 1) of the client's range in the family of `peer`. */
export function clientAddress(peer: string, n: number): string {
  return isIP(peer) === 6 ? `2001:db8:100::${n.toString(16)}` : `198.51.100.${String(n)}`;
}

function memberAddress(host: string): string | undefined {
  const [name, suffix] = host.split('.');
  if (suffix !== undefined && suffix !== 'v6') return undefined;
  const index = suffix === undefined ? 0 : 1;
  if (name === 'localhost') return ['127.0.0.1', '::1'][index];
  return MEMBERS.find((member) => member.name === name)?.addresses[index];
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
