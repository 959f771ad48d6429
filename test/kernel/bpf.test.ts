/** What the kernel says to BPF maps and programs of ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { whyNoLab } from '../lab/lab.ts';
import {
  HASH,
  SK_LOOKUP,
  SK_LOOKUP_PROGRAM,
  createMap,
  elementsOf,
  loadProgram,
} from '../../src/relay/native/bpf.ts';
import { EXIT, assemble, load } from '../../src/relay/native/bpfInstructions.ts';
import { close } from '../../src/relay/native/libc.ts';

const skip = whyNoLab();

test('an element may be removed that is not there, and a full map says so', { skip }, () => {
  const fd = createMap({ type: HASH, keyBytes: 4, valueBytes: 4, most: 1, name: 'fw_test' });
  try {
    const { key, set, remove } = elementsOf(fd, 4, 4);
    remove();
    set();
    set();
    key.view.setUint32(0, 1, true);
    assert.throws(set, { code: 'E2BIG' });
    key.view.setUint32(0, 0, true);
    remove();
    remove();
  } finally {
    close(fd);
  }
});

test('a program that the kernel refuses comes with its reason', { skip }, () => {
  const program = { type: SK_LOOKUP_PROGRAM, attachType: SK_LOOKUP, name: 'fw_test' };
  const instructions = assemble([load(4, 0, 1, 4000), EXIT]);
  assert.throws(() => loadProgram({ ...program, instructions }), {
    code: 'EACCES',
    message: /program fw_test.*invalid bpf_context access off=4000/,
  });
});
