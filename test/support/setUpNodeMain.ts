/** Sets up the node that it runs on: `setUpNodeMain.ts --flag=value...`; prints what it logs. */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import { linuxKernel } from '../../src/kernel/linux.ts';
import type { Log } from '../../src/observe/log.ts';
import { setUpNode } from '../../src/sync/nodeSetup.ts';

const { tokens } = parseArgs({ strict: false, tokens: true });
const flags: Record<string, string | true> = {};
for (const token of tokens) {
  if (token.kind === 'option') flags[token.name] = token.value ?? true;
}
const loaded = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
if (loaded.config === undefined) throw new Error(loaded.problems.join('\n'));
function printer(level: string): Log['info'] {
  return (message, fields = {}) => {
    process.stdout.write(`${level} ${message} ${JSON.stringify(fields)}\n`);
  };
}

const log = {
  error: printer('error'),
  warn: printer('warn'),
  info: printer('info'),
  debug: printer('debug'),
};
await setUpNode(loaded.config, linuxKernel(), log);
