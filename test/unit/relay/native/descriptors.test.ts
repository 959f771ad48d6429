import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';

import {
  createDescriptorMemory,
  shareDescriptors,
} from '../../../../src/relay/native/descriptors.ts';
import { openEventfd } from '../../../../src/relay/native/sockets.ts';

function isOpen(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).length > 0;
  } catch {
    return false;
  }
}

describe('shareDescriptors', () => {
  it("counts over all threads, and closes a dead one's and no other's", () => {
    const memory = createDescriptorMemory(1000);
    const first = shareDescriptors(memory, 0);
    const second = shareDescriptors(memory, 1);
    const [mine, kept, closed] = [openEventfd(), openEventfd(), openEventfd()].map((fd, index) =>
      (index === 1 ? second : first).hold(fd),
    ) as [number, number, number];
    assert.equal(second.open(), 3);
    first.close(closed);
    assert.equal(second.open(), 2);
    second.closeAllOf(0);
    assert.deepEqual([isOpen(mine), isOpen(kept)], [false, true]);
    second.close(kept);
    assert.equal(first.open(), 0);
  });
});
