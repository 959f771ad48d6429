/** Real flows in a real connection tracking table, in a network namespace of its own. */
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../src/kernel/run.ts';
import type { Family } from '../../src/net/family.ts';
import { FAMILIES } from '../../src/net/family.ts';

const NAMESPACE = `fairway-test-conntrack-${String(process.pid)}`;
const DELETE = fileURLToPath(new URL('../support/deleteUdpFlowsMain.ts', import.meta.url));

const VIP: Readonly<Record<Family, string>> = { 4: '10.96.0.10', 6: 'fd00:96::10' };
const OLD_POD: Readonly<Record<Family, string>> = { 4: '10.244.0.2', 6: 'fd00:244::2' };
const NEW_POD: Readonly<Record<Family, string>> = { 4: '10.244.0.3', 6: 'fd00:244::3' };

async function inside(command: readonly string[], stdin?: string): Promise<string> {
  const args = ['netns', 'exec', NAMESPACE, ...command];
  return (await runProgram('ip', args, { timeoutMs: 30_000, stdin })).stdout;
}

/** One datagram to each address, each from a port of its own: sent again, it is the same flow. */
const SEND = `
  const { createSocket } = require('node:dgram');
  for (const [index, address] of process.argv.slice(1).entries()) {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(4000 + index, () => socket.send('?', 53, address, () => socket.close()));
  }`;

async function send(...addresses: readonly string[]): Promise<void> {
  await inside([process.execPath, '-e', SEND, ...addresses]);
}

const FLOOD = 2000;

/** One datagram to an address from each of the addresses on standard input. */
const SEND_FROM = `
  const { createSocket } = require('node:dgram');
  for (const client of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
    const socket = createSocket('udp4');
    socket.bind(4000, client, () => socket.send('?', 53, process.argv[1], () => socket.close()));
  }`;

/** Asks the first address, which leads to a pod on the second, and waits for the answer. */
const ASK = `
  const { createSocket } = require('node:dgram');
  const [address, pod] = process.argv.slice(1);
  const [server, client] = [createSocket('udp4'), createSocket('udp4')];
  server.on('message', (_, from) => server.send('!', from.port, from.address));
  client.on('message', () => [server, client].forEach((socket) => socket.close()));
  server.bind(53, pod, () => client.send('?', 53, address));`;

/** From now on new flows to the VIPs go to these pods. */
async function forwardTo(pods: Readonly<Record<Family, string>>): Promise<void> {
  for (const family of FAMILIES) {
    const target = family === 4 ? `${pods[4]}:53` : `[${pods[6]}]:53`;
    const rule = `-A OUTPUT -d ${VIP[family]} -p udp --dport 53 -j DNAT --to-destination ${target}`;
    const program = family === 4 ? 'iptables-nft-restore' : 'ip6tables-nft-restore';
    await inside([program], `*nat\n${rule}\nCOMMIT\n`);
  }
}

/** Who answers each UDP flow, sorted. */
async function answering(): Promise<readonly string[]> {
  const listed: string[] = [];
  for (const family of FAMILIES) {
    listed.push(await inside(['conntrack', '-L', '-p', 'udp', '-f', `ipv${String(family)}`]));
  }
  return [...listed.join('').matchAll(/src=\S+ .* src=(\S+) /g)].map(([, ip = '']) => ip).sort();
}

async function deleteAnsweredBy(...addresses: readonly string[]): Promise<number> {
  return Number(await inside([process.execPath, DELETE, ...addresses]));
}

describe('conntrack', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
  before(async () => {
    await runProgram('ip', ['netns', 'add', NAMESPACE], { timeoutMs: 30_000 });
    await inside(['ip', 'link', 'set', 'lo', 'up']);
    await inside(['ip', 'route', 'add', 'local', '10.0.0.0/8', 'dev', 'lo']);
    await inside(['ip', '-6', 'route', 'add', 'local', 'fd00::/16', 'dev', 'lo']);
    // On a busy machine the usual half minute is over before the test is.
    await inside(['sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=600']);
  });
  after(() => runProgram('ip', ['netns', 'del', NAMESPACE], { timeoutMs: 30_000 }));
  beforeEach(() => inside(['conntrack', '-F']));

  test('flows to an endpoint that is gone end, and the next packet finds the new one', async () => {
    await forwardTo(OLD_POD);
    await send(...Object.values(VIP));
    await forwardTo(NEW_POD);
    await send(...Object.values(VIP));
    assert.deepEqual(await answering(), Object.values(OLD_POD), 'the flows stick without us');

    assert.equal(await deleteAnsweredBy(...Object.values(OLD_POD)), 2);
    assert.deepEqual(await answering(), []);
    await send(...Object.values(VIP));
    assert.deepEqual(await answering(), Object.values(NEW_POD));
    assert.equal(await deleteAnsweredBy(...Object.values(OLD_POD)), 0);
    assert.deepEqual(await answering(), Object.values(NEW_POD));
  });

  test('a flow that was answered ends too', async () => {
    await forwardTo(OLD_POD);
    await inside([process.execPath, '-e', ASK, VIP[4], OLD_POD[4]]);
    assert.doesNotMatch(await inside(['conntrack', '-L', '-p', 'udp']), /UNREPLIED/);
    assert.equal(await deleteAnsweredBy(OLD_POD[4]), 1);
    assert.deepEqual(await answering(), []);
  });

  test('a flow that passed before there was a rule ends', async () => {
    await send('10.96.0.99', '10.96.0.98');
    assert.equal(await deleteAnsweredBy('10.96.0.99'), 1);
    assert.deepEqual(await answering(), ['10.96.0.98']);
  });

  test('a flood of clients ends, and what others keep in another zone stays', async () => {
    await forwardTo(NEW_POD);
    const clients = Array.from(
      { length: FLOOD },
      (_, index) => `10.1.${String(index >> 8)}.${String(index & 255)}`,
    );
    await inside([process.execPath, '-e', SEND_FROM, VIP[4]], JSON.stringify(clients));
    const other = ['-w', '7', '-t', '600', '-p', 'udp', '-s', '10.1.0.1', '-d', VIP[4]];
    await inside(['conntrack', '-I', ...other, '--sport', '4000', '--dport', '53']);
    assert.equal(await deleteAnsweredBy(NEW_POD[4]), FLOOD);
    assert.deepEqual(await answering(), [VIP[4]]);
  });
});
