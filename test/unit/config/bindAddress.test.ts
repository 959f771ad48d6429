import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseBindAddress } from '../../../src/config/bindAddress.ts';
import type { Bind } from '../../../src/config/bindAddress.ts';

const DEFAULT_PORT = 10249;

const ADDRESSES: readonly (readonly [string, Bind | undefined])[] = [
  ['0.0.0.0:10256', { host: '0.0.0.0', port: 10256 }],
  ['127.0.0.1', { host: '127.0.0.1', port: DEFAULT_PORT }],
  ['[::1]:8080', { host: '::1', port: 8080 }],
  ['[::]', { host: '::', port: DEFAULT_PORT }],
  ['fd00:0::1', { host: 'fd00::1', port: DEFAULT_PORT }],
  ['::', { host: '::', port: DEFAULT_PORT }],
  ['', 'off'],
  ['0.0.0.0:0', 'off'],
  ['[::]:0', 'off'],
  [':10256', undefined],
  ['localhost:10256', undefined],
  ['10.0.0.1:', undefined],
  ['10.0.0.1:65536', undefined],
  ['10.0.0.1:-1', undefined],
  ['10.0.0.1:http', undefined],
  ['10.0.0.256:80', undefined],
  ['[::1', undefined],
  ['[::1]80', undefined],
  ['[]:80', undefined],
  ['fe80::1%eth0', undefined],
  [' 10.0.0.1:80', undefined],
];

for (const [text, expected] of ADDRESSES) {
  test(`the address ${JSON.stringify(text)} is ${expected === undefined ? 'refused' : JSON.stringify(expected)}`, () => {
    assert.deepEqual(parseBindAddress(text, DEFAULT_PORT), expected);
  });
}
