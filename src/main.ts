#!/usr/bin/env node
/** argv in, exit code out. */
import { startSmall } from './cli/memory.ts';

startSmall();
const { runCommandLine } = await import('./cli/commandLine.ts');
process.exit(await runCommandLine(process.argv.slice(2)));
