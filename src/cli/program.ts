/** The command line: what was asked for, or what commander has already answered (--help). */
import { Command, CommanderError, Option } from 'commander';
import { FLAGS, flagDescription, flagSyntax } from '../config/flags.ts';
import type { Flag } from '../config/flags.ts';
import type { FlagValues } from '../config/load.ts';
import { addTools } from './toolCommands.ts';
import type { Tool } from './toolCommands.ts';

/** What the operator asked for. */
export type Request =
  | { readonly command: 'run'; readonly flags: FlagValues }
  | { readonly command: 'tool'; readonly tool: Tool }
  /** Commander printed what there was to print. */
  | { readonly command: 'none'; readonly exitCode: number };

const SUMMARY = `Turns the Services and EndpointSlices of a Kubernetes cluster into rules of this node's kernel,
in place of kube-proxy. See what it would do first: fairway --dry-run --manifests objects.yaml`;

/** Parse the arguments behind the program's name. Prints help, version and usage errors itself. */
export function parseCommandLine(argv: readonly string[], version: string): Request {
  let request: Request = { command: 'none', exitCode: 0 };
  const program = new Command('fairway')
    .description(SUMMARY)
    .version(version, '--version', 'Print the version')
    .helpOption('-h, --help', 'Print this')
    .showHelpAfterError('See fairway --help.')
    .exitOverride();
  const options = FLAGS.map(optionOf);
  for (const option of options) program.addOption(option);
  program.action(() => {
    request = { command: 'run', flags: flagValues(program, options) };
  });
  addTools(program, version, (tool) => {
    request = { command: 'tool', tool };
  });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { command: 'none', exitCode: error.exitCode };
  }
  return request;
}

function optionOf(flag: Flag): Option {
  const shown = flag.defaultValue === '' ? '' : ` (${flag.defaultValue})`;
  const option = new Option(flagSyntax(flag), flagDescription(flag) + shown);
  option.helpGroup(`${flag.group}:`);
  if (flag.isRepeatable) {
    option.argParser((value, before) =>
      typeof before === 'string' ? `${before},${value}` : value,
    );
  }
  return option;
}

/** By the names of the flags; commander has them in camel case. */
function flagValues(program: Command, options: readonly Option[]): FlagValues {
  const given = program.opts<Record<string, string | true | undefined>>();
  return Object.fromEntries(
    options.map((option) => [option.long?.slice(2) ?? '', given[option.attributeName()]]),
  );
}
