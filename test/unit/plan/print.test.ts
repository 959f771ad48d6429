import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { printPlan } from '../../../src/plan/print.ts';
import { RELAY } from '../../../src/plan/relayTable.ts';

/** Run by a real shell, `cat` shows what a program would have been given. */
function stdinSeenBy(stdin: string): string {
  const script = printPlan({
    operations: [{ kind: 'run', purpose: 'test', program: 'cat', args: [], stdin }],
  });
  return execFileSync('/bin/sh', { input: script, encoding: 'utf8' });
}

for (const [title, text] of [
  ['substitutions stay text', '$(touch /nowhere) `id` $HOME \\ \'"\n'],
  ['a line that looks like the end of the document', 'EOF\nEOF_\nafter\n'],
  ['an empty input', '\n'],
] as const) {
  test(`a shell passes the input on unchanged: ${title}`, () => {
    assert.equal(stdinSeenBy(text), text);
  });
}

test('arguments that are not plain words are quoted', () => {
  const script = printPlan({
    operations: [
      {
        kind: 'run',
        purpose: 'p',
        program: 'printf',
        args: ['%s|', "it's", '$HOME', 'a b'],
        stdin: undefined,
      },
    ],
  });
  assert.equal(execFileSync('/bin/sh', { input: script, encoding: 'utf8' }), "it's|$HOME|a b|");
});

test('each part says what it is for', () => {
  const script = printPlan({
    operations: [{ kind: 'sysctl', purpose: 'Open 127/8', name: 'net.a.b', value: '1' }],
  });
  assert.equal(script, '#!/bin/sh\nset -eu\n\n# Open 127/8\nsysctl -q -w net.a.b=1\n');
});

test('the relay’s table is shown, and a shell does nothing with it', () => {
  const script = printPlan({
    operations: [
      { kind: 'run', purpose: 'Table', program: RELAY, args: [], stdin: 'service $(exit 1)\n' },
    ],
  });
  assert.match(script, /held by the running agent[^]*service/);
  assert.equal(execFileSync('/bin/sh', { input: script, encoding: 'utf8' }), '');
});
