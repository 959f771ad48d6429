#!/usr/bin/env node
/** argv in, exit code out. */
import { runCommandLine } from './cli/commandLine.ts';

process.exit(await runCommandLine(process.argv.slice(2)));
