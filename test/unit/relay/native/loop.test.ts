import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  EPOLLIN,
  EPOLLOUT,
  SOCK_DGRAM,
  SOCK_STREAM,
} from '../../../../src/relay/native/constants.ts';
import { accept, close, connect, listen, write } from '../../../../src/relay/native/libc.ts';
import { createLoop } from '../../../../src/relay/native/loop.ts';
import type { Loop } from '../../../../src/relay/native/loop.ts';
import { allocate } from '../../../../src/relay/native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  parseSocketAddress,
  printSocketAddress,
  writeSocketAddress,
} from '../../../../src/relay/native/socketAddress.ts';
import {
  bindSocket,
  openEventfd,
  openSocket,
  socketName,
} from '../../../../src/relay/native/sockets.ts';

function withLoop(test: (loop: Loop, opened: number[]) => void): void {
  const loop = createLoop(() => performance.now());
  const opened: number[] = [];
  try {
    test(loop, opened);
  } finally {
    for (const fd of opened) close(fd);
    loop.close();
  }
}

const one = allocate(8);
one.bytes[0] = 1;

/** A listener on a free port, and a connection to it that was not yet accepted. */
function connectedPair(opened: number[]): { listener: number; client: number } {
  const listener = openSocket(4, SOCK_STREAM);
  bindSocket(listener, parseSocketAddress('127.0.0.1:0'));
  listen(listener, 8);
  const client = openSocket(4, SOCK_STREAM);
  const name = allocate(SOCKET_ADDRESS_BYTES);
  connect(client, name.address, writeSocketAddress(name, 0, socketName(listener)));
  opened.push(listener, client);
  return { listener, client };
}

describe('createLoop', () => {
  it('tells a watcher of its descriptor', () =>
    withLoop((loop, opened) => {
      const fd = openEventfd();
      opened.push(fd);
      const seen: number[] = [];
      loop.watch(fd, EPOLLIN, {
        ready(events, of) {
          seen.push(events, of);
          loop.stop();
        },
        fail: assert.fail,
      });
      write(fd, one.address, 8);
      loop.run();
      assert.deepEqual(seen, [EPOLLIN, fd]);
    }));

  it('accepts a connection of a socket that does not block', () =>
    withLoop((loop, opened) => {
      const { listener, client } = connectedPair(opened);
      loop.watch(listener, EPOLLIN, {
        ready() {
          const name = allocate(SOCKET_ADDRESS_BYTES);
          const length = allocate(4);
          length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
          opened.push(accept(listener, name.address, length.address, 0));
          loop.stop();
        },
        fail: assert.fail,
      });
      loop.run();
      assert.equal(
        printSocketAddress(socketName(opened.at(-1) ?? -1)),
        printSocketAddress(socketName(listener)),
      );
      assert.ok(socketName(client).port > 0);
    }));

  it('does not deliver to the next owner of a number what came for the one before', () =>
    withLoop((loop, opened) => {
      const [first, second] = [openEventfd(), openEventfd()];
      const seen: string[] = [];
      // Each ends the other: only whichever comes first in the batch may be told.
      function watch(fd: number, other: number): void {
        loop.watch(fd, EPOLLIN, {
          ready() {
            seen.push('told');
            loop.forget(other);
            close(other);
            const next = openEventfd();
            assert.equal(next, other);
            opened.push(fd, next);
            loop.watch(next, EPOLLIN, { ready: () => assert.fail('not mine'), fail: assert.fail });
            loop.after(20, () => loop.stop());
          },
          fail: (error) => {
            throw error;
          },
        });
      }
      watch(first, second);
      watch(second, first);
      write(first, one.address, 8);
      write(second, one.address, 8);
      loop.run();
      assert.deepEqual(seen.slice(0, 1), ['told']);
    }));

  it('gives a watcher that throws its own failure, and the others their events', () =>
    withLoop((loop, opened) => {
      const seen: string[] = [];
      for (const name of ['a', 'b']) {
        const fd = openSocket(4, SOCK_DGRAM);
        opened.push(fd);
        loop.watch(fd, EPOLLOUT, {
          ready() {
            loop.unwatch(fd);
            seen.push(name);
            throw new Error(`of ${name}`);
          },
          fail(error) {
            seen.push(String(error));
            if (seen.length === 4) loop.stop();
          },
        });
      }
      loop.run();
      assert.deepEqual(seen, ['a', 'Error: of a', 'b', 'Error: of b']);
    }));

  it('runs what was put off before it waits', () =>
    withLoop((loop) => {
      const order: string[] = [];
      loop.soon(() => {
        order.push('first');
        loop.soon(() => {
          order.push('second');
          loop.stop();
        });
      });
      loop.run();
      assert.deepEqual(order, ['first', 'second']);
    }));
});
