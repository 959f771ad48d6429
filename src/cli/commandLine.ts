/** From the arguments to the command that they ask for. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { parseCommandLine } from './program.ts';
import { reportFailure } from './reportFailure.ts';

/** Runs to the end; resolves with the exit code: 0 well, 1 failed, 2 wrongly asked. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const version = packageVersion();
  const request = parseCommandLine(argv, version);
  if (request.command === 'none') return request.exitCode === 0 ? 0 : 2;
  if (request.command === 'tool') return orFailure(request.tool);
  const environment = { nodeName: process.env['NODE_NAME'], hostname: hostname() };
  const { config, problems } = loadConfig(request.flags, environment);
  if (problems !== undefined) {
    process.stderr.write(problems.map((problem) => `fairway: ${problem}\n`).join(''));
    return 2;
  }
  return orFailure(() => serve(config, version));
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

// Each command loads only what it needs: the agent's start is measured, and so is a dry run's.
async function serve(config: Config, version: string): Promise<number> {
  if (config.dryRun) return (await import('./dryRun.ts')).dryRun(config);
  if (config.cleanup) return (await import('./cleanup.ts')).cleanup();
  return (await import('./run.ts')).run(config, version);
}

function packageVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(file) as { version?: unknown }).version);
}
