/** The subcommands beside the agent: fairway serve, load and compare. */
import { hostname } from 'node:os';
import { Argument } from 'commander';
import type { Command } from 'commander';
import { DEFAULT_PORTS } from '../compare/servers/ports.ts';
import type { CompareFlags } from '../compare/compareTool.ts';
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
export function addTools(program: Command, version: string, choose: (tool: Tool) => void): void {
  // Else the agent would take flags of the same name behind a subcommand for its own.
  program.enablePositionalOptions();
  addServe(program, choose);
  addLoad(program, choose);
  addCompare(program, version, choose);
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

function addCompare(program: Command, version: string, choose: (tool: Tool) => void): void {
  const command = program
    .command('compare')
    .description('Compare the modes on a real cluster, or two reports with each other')
    .option('--diff', 'Say what changed beyond chance between two report.json')
    .argument('[reports...]', 'With --diff: the old and the new one')
    .option('--kubeconfig <file>', 'The cluster, with rights to make namespaces and pods in it')
    .option('--restore', 'Put back and remove what a comparison that was killed left')
    .option('--yes', 'Print the plan, but do not ask')
    .option('--out <folder>', 'Where report.json and report.html are written', '.')
    .option('--modes <list>', 'Modes to compare (all)')
    .option('--nodes <list>', 'The near node and the far one (the first two)')
    .option('--agent-namespace <name>', 'Where the agents run', 'kube-system')
    .option('--selector <label>', "The agents' DaemonSet", 'app.kubernetes.io/name=fairway')
    .option('--config-map <name/key>', 'Where their mode stands (found by what they mount)')
    .option('--image <image>', "Of servers and clients (the agents')")
    .option('--services <list>', 'How many other Services there are, one after the other', '0')
    .option('--rounds <number>', 'How often each is measured, all in turn', '5')
    .option('--seconds <seconds>', 'How long each load takes', '1.5')
    .option('--changes <number>', 'How many changes are timed in each round', '3')
    .option('--fault-rounds <number>', 'How often endpoints are broken', '2');
  command.action((reports: string[], flags: CompareFlags & { diff?: true }) => {
    choose(async () => {
      const tool = await import('../compare/compareTool.ts');
      if (flags.diff !== true) return tool.compareOnCluster(flags, version);
      const [old, next, ...others] = reports;
      if (old !== undefined && next !== undefined && others.length === 0)
        return tool.diff(old, next);
      throw new Error('--diff: expected two files, the old report.json and the new one');
    });
  });
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new Error(`expected a port from 0 to 65535, found "${text}"`);
}
