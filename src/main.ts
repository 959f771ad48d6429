#!/usr/bin/env node
/** argv in, exit code out. */
import { setFlagsFromString } from 'node:v8';

// Keep the space for young objects small: it grows to 16 MB twice while the first 10,000 Services
// come in and is never given back, which with what it drags into the old space is 60 MB of resident
// memory; the start takes no longer without.
setFlagsFromString('--semi-space-growth-factor=1');

const { runCommandLine } = await import('./cli/commandLine.ts');
process.exit(await runCommandLine(process.argv.slice(2)));
