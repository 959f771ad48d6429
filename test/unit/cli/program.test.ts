import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { parseCommandLine } from '../../../src/cli/program.ts';

/** What is printed while `run` runs. */
function printed(t: TestContext, run: () => void): string {
  let text = '';
  for (const stream of [process.stdout, process.stderr]) {
    t.mock.method(stream, 'write', (chunk: string) => {
      text += chunk;
      return true;
    });
  }
  run();
  t.mock.restoreAll();
  return text;
}

function flagsOf(...argv: string[]) {
  const request = parseCommandLine(argv, '1.2.3');
  assert.equal(request.command, 'run');
  return Object.fromEntries(
    Object.entries(request.flags).filter(([, value]) => value !== undefined),
  );
}

for (const [argv, flags] of [
  [[], {}],
  [['--proxy-mode=iptables', '-v', '4'], { 'proxy-mode': 'iptables', v: '4' }],
  [['--masquerade-all', '--manifests', '-'], { 'masquerade-all': true, manifests: '-' }],
  [['-v=4'], { v: '4' }],
  [['--v=4', '--cluster_cidr=a_b'], { v: '4', 'cluster-cidr': 'a_b' }],
  [['--masquerade_all'], { 'masquerade-all': true }],
  [
    ['--version=false', '--feature-gates=A=true', '--feature-gates', 'B=false'],
    { 'feature-gates': 'A=true,B=false' },
  ],
  [['--nodeport-addresses=', '--nodeport-addresses=primary'], { 'nodeport-addresses': 'primary' }],
  [['--iptables-localhost-nodeports=false'], { 'iptables-localhost-nodeports': 'false' }],
  [
    ['--nodeport-addresses=10.0.0.0/8', '--nodeport-addresses=fd00::/8'],
    { 'nodeport-addresses': '10.0.0.0/8,fd00::/8' },
  ],
] as const) {
  test(`fairway ${argv.join(' ')}`, () => {
    assert.deepEqual(flagsOf(...argv), flags);
  });
}

test('--help is grouped and exits with 0', (t) => {
  const text = printed(t, () => {
    assert.deepEqual(parseCommandLine(['--help'], '1.2.3'), { command: 'none', exitCode: 0 });
  });
  assert.match(text, /^Traffic:\n {2}--cluster-cidr <cidrs>/m);
  const [, unused = ''] = text.split('\nFlags of kube-proxy that do nothing here:\n');
  for (const line of unused.trimEnd().split('\n')) assert.match(line, /^ {2}--[a-z-]+ +[A-Z].+$/);
  assert.match(unused, /^ {2}--boot-id-file /m);
});

test('an unknown flag is named, with where to look, and exits with another code', (t) => {
  const text = printed(t, () => {
    const request = parseCommandLine(['--no-such-flag'], '1.2.3');
    assert.ok(request.command === 'none' && request.exitCode !== 0);
  });
  assert.match(text, /unknown option '--no-such-flag'\n.*--help/);
});

for (const name of ['serve', 'load']) {
  test(`fairway ${name} is a tool of its own, and no agent`, () => {
    assert.equal(parseCommandLine([name], '1.2.3').command, 'tool');
  });
}
