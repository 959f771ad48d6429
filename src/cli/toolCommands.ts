/** The subcommands beside the agent: fairway serve, load and compare. */
import { hostname } from 'node:os';
import { Argument } from 'commander';
import type { Command } from 'commander';
import { DEFAULT_PORTS } from '../compare/servers/ports.ts';
import type { LoadFlags } from '../compare/tools.ts';

/** Runs a subcommand to its end; resolves with the exit code. */
export type Tool = () => Promise<number>;

const LOAD_KINDS = [
  'connect',
  'connections',
  'requests',
  'bulk',
  'udpRoundTrip',
  'udpPackets',
] as const;

/** Add them to the program; the one that is asked for is told to `choose`. */
export function addTools(program: Command, choose: (tool: Tool) => void): void {
  addServe(program, choose);
  addLoad(program, choose);
}

interface ServeFlags {
  readonly name: string;
  readonly address: string;
  readonly http: string;
  readonly tcp: string;
  readonly bulk: string;
  readonly udp: string;
}

function addServe(program: Command, choose: (tool: Tool) => void): void {
  program
    .command('serve')
    .description('Serve HTTP, TCP echo, bytes without end and UDP echo, for loads to be sent to')
    .option('--name <name>', 'Who this is, as clients are told', hostname())
    .option('--address <ip>', 'Address to listen at', '::')
    .option('--http <port>', 'Port for HTTP', String(DEFAULT_PORTS.http))
    .option('--tcp <port>', 'Port for TCP echo', String(DEFAULT_PORTS.tcp))
    .option('--bulk <port>', 'Port that sends without end', String(DEFAULT_PORTS.bulk))
    .option('--udp <port>', 'Port for UDP echo', String(DEFAULT_PORTS.udp))
    .action(({ name, address, ...flags }: ServeFlags) => {
      choose(async () => {
        const ports = {
          http: portOf(flags.http),
          tcp: portOf(flags.tcp),
          bulk: portOf(flags.bulk),
          udp: portOf(flags.udp),
        };
        const { serve } = await import('../compare/tools.ts');
        return serve({ name, address, ports });
      });
    });
}

function addLoad(program: Command, choose: (tool: Tool) => void): void {
  program
    .command('load')
    .description('Send a load to servers of `fairway serve` and say how it went')
    .addArgument(new Argument('[kind]', 'What is sent').choices(LOAD_KINDS))
    .argument('[targets...]', 'IP:PORT, taken in turn')
    .option('--seconds <seconds>', 'For how long', '5')
    .option('--rate <number>', 'Starts a second, whether or not those before have ended', '200')
    .option(
      '--at-once <number>',
      'Connections or flows at a time, where it goes as fast as it can',
      '32',
    )
    .option('--timeout <ms>', 'After so long without an answer it has failed', '2000')
    .option('--json', 'Print every sample')
    .option('--listen <at>', 'Wait for orders at IP:PORT or the path of a Unix socket instead')
    .action(
      (kind: string | undefined, targets: string[], flags: LoadFlags & { listen?: string }) => {
        choose(async () => {
          const tools = await import('../compare/tools.ts');
          const { listen } = flags;
          if (listen !== undefined)
            return tools.waitForOrders(listen, process.env['FAIRWAY_TOKEN']);
          return tools.load(kind ?? 'connect', targets, flags);
        });
      },
    );
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new Error(`expected a port from 0 to 65535, found "${text}"`);
}
