import { parseIp } from '../net/address.ts';
import type { BindAddress } from '../serve/http.ts';
import { parseInteger } from './integer.ts';

/** Where a server listens, or that it does not. */
export type Bind = BindAddress | 'off';

/**
 * `10.0.0.1:10256`, `[::1]:10256`, or an address alone, which gets the default port. An empty text
 * and port 0 turn the server off, as in kube-proxy. undefined for anything else, names included.
 */
export function parseBindAddress(text: string, defaultPort: number): Bind | undefined {
  if (text === '') return 'off';
  const [host, portText] = splitPort(text);
  const ip = parseIp(host);
  const port = portText === undefined ? defaultPort : parseInteger(portText, 0, 65_535);
  if (ip === undefined || port === undefined) return undefined;
  return port === 0 ? 'off' : { host: ip, port };
}

function splitPort(text: string): readonly [string, string | undefined] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return [bracketed[1] ?? '', bracketed[2]];
  // More than one colon without brackets is an IPv6 address alone.
  const [host = '', port, ...more] = text.split(':');
  return more.length > 0 ? [text, undefined] : [host, port];
}
