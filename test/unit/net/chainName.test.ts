import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hash16 } from '../../../src/net/chainName.ts';

// From `printf %s TEXT | openssl dgst -sha256 -binary | base32 | cut -c1-16`.
const KNOWN = [
  ['', '4OYMIQUY7QOBJGX3'],
  ['default/web:httptcp', 'CDGGSHYLG3RE2FKL'],
] as const;

for (const [text, expected] of KNOWN) {
  test(`hash16 of ${JSON.stringify(text)} is the start of its base32 SHA-256`, () => {
    assert.equal(hash16(text), expected);
  });
}
