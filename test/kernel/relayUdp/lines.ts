/** The table that the tests' relays follow, and what it is asked for most. */
import { CLIENT, VIP, VIP6, ask, bind, endpointIp } from './lab.ts';

export const [A, B, C] = [endpointIp(2), endpointIp(3), endpointIp(4)] as [string, string, string];
export const DNS = 'default/dns:/UDP/4';
const DNS6 = 'default/dns:/UDP/6';
export const AT_VIP = { ip: VIP, port: 53 };

interface ServiceText {
  readonly cluster?: readonly string[];
  readonly local?: readonly string[];
  readonly ending?: readonly string[];
  readonly settings?: string;
}

export function service({ cluster = [], local = [], ending = [], settings }: ServiceText): string {
  const [c, l, e] = [cluster, local, ending].map(
    (ips) => ips.map((ip) => `${ip}:8080`).join(',') || '-',
  ) as [string, string, string];
  const all = settings ?? 'balancing=round-robin affinity=- limit=-';
  return `service ${DNS} ${all} proxy-protocol=- cluster=${c} local=${l} ending=${e}`;
}

/** Everybody's way to the Service. */
export const VIP_LINE = `destination UDP/4 ${VIP}:53 service=${DNS} inside=cluster outside=cluster`;

/** The same by IPv6, with one endpoint. */
export const LINES6 = [
  `service ${DNS6} balancing=random affinity=- limit=- proxy-protocol=- cluster=[fd00:244::2]:8080 local=- ending=-`,
  `destination UDP/6 [${VIP6}]:53 service=${DNS6} inside=cluster outside=cluster`,
];

/** From a socket of its own, which is a flow of its own. */
export async function askOnce(text = 'x'): Promise<string | undefined> {
  const client = bind('client', CLIENT);
  const answer = await ask(client, text, AT_VIP);
  return answer?.toString();
}
