import assert from 'node:assert/strict';
import { test } from 'node:test';

import { programName } from '../../../src/cli/programName.ts';

const NAMES: readonly (readonly [string, readonly string[], string])[] = [
  ['node', ['/usr/bin/node', '/opt/fairway/src/main.ts'], 'fairway'],
  ['node', ['/usr/bin/node', '/usr/local/bin/kube-proxy'], 'kube-proxy'],
  ['kube-proxy', ['/usr/bin/node', '/opt/fairway/src/main.ts'], 'kube-proxy'],
  ['/usr/local/bin/kube-proxy', ['/usr/bin/node'], 'kube-proxy'],
  ['node', ['/usr/bin/node', '/opt/kube-proxy/src/main.ts'], 'fairway'],
];

for (const [argv0, argv, expected] of NAMES) {
  test(`${argv0}, ${argv.join(' ')}: ${expected}`, () => {
    assert.equal(programName({ argv0, argv: [...argv] }), expected);
  });
}
