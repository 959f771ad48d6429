/** What the agent sets on the node, in a network namespace, which may change some of it only. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { testNamespace } from '../support/namespaceKernel.ts';

const namespace = testNamespace('setup');
after(() => {
  namespace.remove();
});

const CONNTRACK = 'net.netfilter.nf_conntrack_';

/** Its own score for memory stays as it is: every user may set what is set already. */
function setUp(flags: readonly string[]): Promise<string> {
  const args = ['test/support/setUpNodeMain.ts', '--oom-score-adj=0', ...flags];
  return namespace.run(process.execPath, args);
}

function sysctl(name: string): Promise<string | undefined> {
  return namespace.kernel.sysctl(name);
}

test('times are set; the size, which is the whole machine’s, is refused and left', async () => {
  const max = await sysctl(`${CONNTRACK}max`);
  const more = `--conntrack-min=${String(Number(max) + 4096)}`;
  const said = await setUp([more, '--conntrack-udp-timeout=45s']);
  assert.equal(await sysctl(`${CONNTRACK}tcp_timeout_established`), '86400');
  assert.equal(await sysctl(`${CONNTRACK}tcp_timeout_close_wait`), '3600');
  assert.equal(await sysctl(`${CONNTRACK}udp_timeout`), '45');
  assert.match(said, /^warn node not set up .*nf_conntrack_max/m);
  assert.equal(await sysctl(`${CONNTRACK}max`), max);
  await assert.rejects(setUp([more, '--conntrack-strict']), /nf_conntrack_max/);
});

test('told to set up only, it switches what the mode needs', async () => {
  const name = 'net.ipv4.conf.all.route_localnet';
  assert.equal(await sysctl(name), '0');
  await setUp(['--conntrack-tcp-be-liberal']);
  assert.equal(await sysctl(name), '0');
  await setUp(['--init-only', '--conntrack-tcp-be-liberal', '--iptables-variant=nft']);
  assert.equal(await sysctl(name), '1');
  assert.equal(await sysctl(`${CONNTRACK}tcp_be_liberal`), '1');
  assert.equal(await setUp(['--init-only', '--iptables-variant=nft']), '');
});

test('in userspace mode others are needed', async () => {
  const name = 'net.ipv4.conf.all.arp_ignore';
  const said = await setUp([
    ...['--init-only', '--proxy-mode=userspace', '--userspace-strict-arp'],
    '--iptables-variant=nft',
  ]);
  assert.match(said, /^info node set up .*arp_ignore/m);
  assert.equal(await sysctl(name), '1');
});
