/** What a server says of itself to whoever connects, and how the client reads it. */

export interface Greeting {
  /** The server's name. */
  readonly server: string;
  /** The client as the server sees it, without the port. */
  readonly client: string;
}

/** One line, ended by a newline. */
export function printGreeting({ server, client }: Greeting): string {
  return `${server} ${client}\n`;
}

/** undefined for anything else, from whoever answers at that address. */
export function parseGreeting(text: string): Greeting | undefined {
  const [, server, client] = /^([\w.-]{1,253}) ([\da-fA-F:.]{2,45})\n/.exec(text) ?? [];
  return server === undefined || client === undefined ? undefined : { server, client };
}

/** A dual-stack socket shows IPv4 addresses as `::ffff:192.0.2.1`. */
export function plainAddress(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
