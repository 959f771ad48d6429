import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FLAGS } from '../../../src/config/flags.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { FlagValues } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { flagValues } from '../../../src/sync/flagValues.ts';

function configOf(flags: FlagValues): Config {
  const loaded = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
  assert.ok(loaded.config !== undefined, String(loaded.problems));
  return loaded.config;
}

const CHOICES: readonly FlagValues[] = [
  {},
  {
    'proxy-mode': 'ipvs',
    'cluster-cidr': '10.244.0.0/16,fd00::/64',
    'nodeport-addresses': '192.168.0.0/16,fd00:1::/64',
    'healthz-bind-address': '[::]:10256',
    'metrics-bind-address': '',
    'ipvs-exclude-cidrs': '10.1.0.0/16,10.2.0.0/16',
    'feature-gates': 'A=true,B=false',
    vmodule: 'a*=3,b=1',
    'kube-api-qps': '2.5',
    'oom-score-adj': '-17',
    'masquerade-all': 'true',
  },
  { 'nodeport-addresses': 'primary', 'userspace-dial-timeouts': '10ms,1m', 'udp-timeout': '90s' },
];

for (const [index, flags] of CHOICES.entries()) {
  test(`printed flags make the same configuration (${String(index)})`, () => {
    const config = configOf(flags);
    assert.deepEqual(configOf(Object.fromEntries(flagValues(config))), config);
  });
}

test('every flag that sets a field is there', () => {
  const names = FLAGS.filter(({ path }) => path !== undefined).map(({ name }) => name);
  assert.deepEqual([...flagValues(configOf({})).keys()], names);
});
