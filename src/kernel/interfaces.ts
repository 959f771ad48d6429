/** The addresses of this node's interfaces. */
import { networkInterfaces } from 'node:os';
import { parseIp } from '../net/address.ts';
import type { Ip } from '../net/address.ts';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** Every address of the interfaces that are up, each once, sorted; loopback's too. */
export function ownAddresses(interfaces: Interfaces = networkInterfaces()): readonly Ip[] {
  const texts = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .map(({ address }) => address);
  const parsed = texts.map(parseIp).filter((ip) => ip !== undefined);
  return [...new Set(parsed)].sort();
}
