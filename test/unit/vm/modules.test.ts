import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOrder } from '../../vm/modules.ts';

const MODULES_DEP = `\
kernel/fs/overlayfs/overlay.ko:
kernel/net/9p/9pnet.ko.xz: kernel/fs/netfs.ko.xz
kernel/fs/netfs.ko.xz:
kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs.ko.xz
`;

test('a module comes after what it needs, and each comes once', () => {
  assert.deepEqual(loadOrder(MODULES_DEP, ['9p', 'overlay', '9pnet']), [
    'kernel/fs/netfs.ko.xz',
    'kernel/net/9p/9pnet.ko.xz',
    'kernel/fs/9p/9p.ko.xz',
    'kernel/fs/overlayfs/overlay.ko',
  ]);
});

test('what is built into the kernel is left out', () => {
  assert.deepEqual(loadOrder(MODULES_DEP, ['virtio_pci']), []);
});
