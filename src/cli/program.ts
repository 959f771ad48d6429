/** The command line: what was asked for, or what commander has already answered (--help). */
import { Command, CommanderError, Option } from 'commander';
import { FLAGS, UNUSED, flagDescription, flagSyntax } from '../config/flags.ts';
import type { Flag } from '../config/flags.ts';
import type { FlagValues } from '../config/load.ts';
import type { ProgramName } from './programName.ts';
import { addTools } from './toolCommands.ts';
import type { Tool } from './toolCommands.ts';

/** What the operator asked for. */
export type Request =
  | { readonly command: 'run'; readonly flags: FlagValues }
  | { readonly command: 'tool'; readonly tool: Tool }
  /** Commander printed what there was to print. */
  | { readonly command: 'none'; readonly exitCode: number };

function summary(name: ProgramName): string {
  const who = name === 'fairway' ? 'in place of kube-proxy' : 'as fairway, in place of kube-proxy';
  return (
    'Turns the Services and EndpointSlices of a Kubernetes cluster into rules of this ' +
    `node's kernel, ${who}. See what it would do first: ` +
    `${name} --dry-run --manifests objects.yaml`
  );
}

/** Parse the arguments behind the program's name. Prints help, version and usage errors itself. */
export function parseCommandLine(
  argv: readonly string[],
  version: string,
  name: ProgramName = 'fairway',
): Request {
  let request: Request = { command: 'none', exitCode: 0 };
  const program = new Command(name)
    .description(summary(name))
    .option('--version [boolean]', 'Print the version')
    .helpOption('-h, --help', 'Print this')
    .addHelpText('after', unusedFlags())
    .showHelpAfterError(`See ${name} --help.`)
    .exitOverride();
  const options = FLAGS.map(optionOf);
  for (const option of options) program.addOption(option);
  program.action(() => {
    const asked = program.opts<{ version?: string | true }>().version ?? 'false';
    if (asked !== 'false') process.stdout.write(`fairway v${version}\n`);
    else request = { command: 'run', flags: flagValues(program, options) };
  });
  addTools(program, version, (tool) => {
    request = { command: 'tool', tool };
  });
  try {
    program.parse(argv.map(asCommanderWrites), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { command: 'none', exitCode: error.exitCode };
  }
  return request;
}

/** kube-proxy's library takes `-v=4` for `-v 4`, and `_` in the name of a flag for `-`. */
function asCommanderWrites(argument: string): string {
  if (argument.startsWith('-v=')) return `-${argument}`;
  return argument.replace(/^--[\w-]+/, (flag) => flag.replaceAll('_', '-'));
}

function optionOf(flag: Flag): Option {
  const shown = flag.defaultValue === '' ? '' : ` (${flag.defaultValue})`;
  const option = new Option(flagSyntax(flag), flagDescription(flag) + shown);
  option.helpGroup(`${flag.group}:`).hideHelp(flag.group === UNUSED);
  if (flag.isRepeatable) {
    option.argParser((value, before) =>
      typeof before === 'string' && before !== '' ? `${before},${value}` : value,
    );
  }
  return option;
}

/** One line each, so that they do not hide the flags that count. */
function unusedFlags(): string {
  const flags = FLAGS.filter(({ group }) => group === UNUSED);
  const width = Math.max(...flags.map(({ name }) => name.length));
  const lines = flags.map((flag) => `  --${flag.name.padEnd(width)}  ${flagDescription(flag)}`);
  return ['', `${UNUSED}:`, ...lines].join('\n');
}

/** By the names of the flags; commander has them in camel case. */
function flagValues(program: Command, options: readonly Option[]): FlagValues {
  const given = program.opts<Record<string, string | true | undefined>>();
  return Object.fromEntries(
    options.map((option) => [option.long?.slice(2) ?? '', given[option.attributeName()]]),
  );
}
