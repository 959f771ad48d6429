import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const KUBEADM = fileURLToPath(new URL('../config/files/kubeadm.conf', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'fairway-command-line-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const KUBE_PROXY = join(folder, 'kube-proxy');
symlinkSync(MAIN, KUBE_PROXY);

function call(program: string, ...args: string[]) {
  const options = { encoding: 'utf8', env: { PATH: process.env['PATH'] } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { status, stdout, stderr };
}

test('kubeadm’s command line, with --write-config-to besides, writes what is in effect', () => {
  const path = join(folder, 'out.yaml');
  const kubeadm = [`--config=${KUBEADM}`, '--hostname-override=node-c'];
  const written = call(KUBE_PROXY, ...kubeadm, `--write-config-to=${path}`);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stderr, /^\S+ INFO {2}configuration written +file=\S+\n$/);
  const config = parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  assert.equal(config['mode'], 'iptables');
  assert.equal(config['hostnameOverride'], 'node-c');
  assert.equal(config['clusterCIDR'], '10.244.0.0/16');

  const again = join(folder, 'again.yaml');
  assert.equal(call(KUBE_PROXY, `--config=${path}`, `--write-config-to=${again}`).status, 0);
  assert.equal(readFileSync(again, 'utf8'), readFileSync(path, 'utf8'));
});

test('the name that a node has anyway is not written, so that the file serves every node', () => {
  const path = join(folder, 'defaults.yaml');
  assert.equal(call(MAIN, `--write-config-to=${path}`).status, 0);
  assert.equal(
    (parse(readFileSync(path, 'utf8')) as Record<string, unknown>)['hostnameOverride'],
    '',
  );
});

test('a mode that is not there yet ends it with one line and exit code 2, by flag and by file', () => {
  const path = join(folder, 'nftables.conf');
  const text = readFileSync(KUBEADM, 'utf8');
  assert.match(text, /^mode: ""$/m);
  writeFileSync(path, text.replace('mode: ""', 'mode: nftables'));
  const line = /^kube-proxy: [^\n]*\(nftables is not there yet\)[^\n]*\n$/;
  for (const argument of ['--proxy-mode=nftables', `--config=${path}`]) {
    // So that no agent starts should this fail.
    const { status, stderr } = call(KUBE_PROXY, argument, `--write-config-to=${path}.out`);
    assert.equal(status, 2);
    assert.match(stderr, line);
  }
});

test('files that cannot be read are named, both at once', () => {
  const { status, stderr } = call(MAIN, '--config=/no/such', '--fairway-config', folder);
  assert.equal(status, 2);
  assert.match(stderr, /^fairway: --config: [^\n]*\nfairway: --fairway-config: [^\n]*\n$/);
});

test('--version is one line: a name and a version', () => {
  for (const argument of ['--version', '--version=true', '--version=raw']) {
    const { status, stdout, stderr } = call(KUBE_PROXY, argument);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, /^fairway v\d+\.\d+\.\d+\n$/);
  }
});

test('help and usage errors have the name it was called by', () => {
  const help = call(KUBE_PROXY, '--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: kube-proxy /);
  const wrong = call(KUBE_PROXY, '--no-such-flag');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /--no-such-flag.*\n.*kube-proxy --help/);
});
