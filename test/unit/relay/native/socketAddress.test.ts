import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { allocate } from '../../../../src/relay/native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  ipBytes,
  ipText,
  parseSocketAddress,
  printSocketAddress,
  readSocketAddress,
  writeSocketAddress,
} from '../../../../src/relay/native/socketAddress.ts';

describe('socket addresses', () => {
  for (const text of ['10.244.1.2:8080', '[fd00::2]:80', '[1::]:1', '[::1]:65535']) {
    it(`${text} survives parsing, the kernel's form and printing`, () => {
      const memory = allocate(8 + SOCKET_ADDRESS_BYTES);
      const address = parseSocketAddress(text);
      assert.equal(writeSocketAddress(memory, 8, address), text.startsWith('[') ? 28 : 16);
      assert.deepEqual(readSocketAddress(memory, 8), address);
      assert.equal(printSocketAddress(address), text);
    });
  }

  it('shortens the first longest run of zero groups, and no single one', () => {
    const texts = ['fd00::1:0:0:2', '1:0:2:3:4:5:6:7', '1::2:0:0:3', '::', 'a:b:c:d:e:f:0:1'];
    assert.deepEqual(
      texts.map((text) => ipText(ipBytes(text))),
      ['fd00::1:0:0:2', '1:0:2:3:4:5:6:7', '1::2:0:0:3', '::', 'a:b:c:d:e:f:0:1'],
    );
  });
});
