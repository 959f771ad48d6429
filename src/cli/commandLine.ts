/** From the arguments to the command that they ask for. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Environment, FlagValues } from '../config/load.ts';
import type { Note } from '../config/layers.ts';
import type { Config } from '../config/schema.ts';
import { openLog } from './openLog.ts';
import { parseCommandLine } from './program.ts';
import { programName } from './programName.ts';
import { readConfig } from './readConfig.ts';
import { reportFailure } from './reportFailure.ts';

/** Runs to the end; resolves with the exit code: 0 well, 1 failed, 2 wrongly asked. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const version = packageVersion();
  const name = programName();
  const request = parseCommandLine(argv, version, name);
  if (request.command === 'none') return request.exitCode === 0 ? 0 : 2;
  if (request.command === 'tool') return orFailure(request.tool);
  const environment = { nodeName: process.env['NODE_NAME'], hostname: hostname() };
  const { config, problems, notes } = await readConfig(request.flags, environment);
  if (problems !== undefined) {
    process.stderr.write(problems.map((problem) => `${name}: ${problem}\n`).join(''));
    return 2;
  }
  await tell(config, notes);
  return orFailure(() => serve(config, { version, environment, flags: request.flags }));
}

/** The exit code, or 1 when it fails, once that is reported. */
async function orFailure(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    reportFailure(error);
    return 1;
  }
}

/** Before anything else: it may explain what goes wrong then. */
async function tell({ logging }: Config, notes: readonly Note[]): Promise<void> {
  const log = openLog(logging);
  for (const { level, message, fields } of notes) log[level](message, fields);
  await log.close();
}

interface Circumstances {
  readonly version: string;
  readonly environment: Environment;
  readonly flags: FlagValues;
}

// Each command loads only what it needs: the agent's start is measured, and so is a dry run's.
// Where several are asked for, the first of these counts, as in kube-proxy.
async function serve(config: Config, circumstances: Circumstances): Promise<number> {
  const { environment } = circumstances;
  if (config.writeConfigTo !== undefined) {
    const { writeConfig } = await import('./writeConfig.ts');
    return writeConfig(config, config.writeConfigTo, environment);
  }
  if (config.dryRun) return (await import('./dryRun.ts')).dryRun(config);
  if (config.cleanup) return (await import('./cleanup.ts')).cleanup(config);
  if (config.initOnly) return (await import('./initOnly.ts')).initOnly(config);
  return (await import('./run.ts')).run({ config, ...circumstances });
}

function packageVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(file) as { version?: unknown }).version);
}
