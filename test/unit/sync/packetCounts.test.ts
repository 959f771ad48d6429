import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPackets } from '../../../src/sync/packetCounts.ts';

const FORWARD = `Chain KUBE-FORWARD (1 references)
    pkts      bytes target     prot opt in     out     source               destination
      17     1020 DROP       0    --  *      *       0.0.0.0/0            0.0.0.0/0            ctstate INVALID
       3      180 ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            mark match 0x4000/0x4000
`;

const POSTROUTING = `Chain KUBE-POSTROUTING (1 references)
    pkts      bytes target     prot opt in     out     source               destination
       9      540 RETURN     0    --  *      *       0.0.0.0/0            0.0.0.0/0            mark match ! 0x4000/0x4000
       5      300            0    --  *      *       0.0.0.0/0            0.0.0.0/0            ctorigdst 127.0.0.0/8
`;

const PROGRAMS = {
  families: [4, 6],
  names: {
    4: { restore: 'iptables-nft-restore', save: 'iptables-nft-save' },
    6: { restore: 'ip6tables-nft-restore', save: 'ip6tables-nft-save' },
  },
} as const;

/** A node whose chains print as this; those that are left out cannot be listed. */
function nodeWith(lists: Readonly<Record<string, string>>) {
  return {
    list(program: string, args: readonly string[]) {
      const text = lists[[program, args[1], args.at(-1)].join(' ')];
      return text === undefined ? Promise.reject(new Error('no chain')) : Promise.resolve(text);
    },
  };
}

test('INVALID packets of both families, and flows to NodePorts on loopback', async () => {
  const node = nodeWith({
    'iptables-nft filter KUBE-FORWARD': FORWARD,
    'ip6tables-nft filter KUBE-FORWARD': FORWARD.replace('17', ' 4'),
    'iptables-nft nat KUBE-POSTROUTING': POSTROUTING,
  });
  const counts = await countPackets(node, PROGRAMS);
  assert.deepEqual(counts, { invalidDropped: 21, localhostNodePorts: 5 });
});

test('without such rules no packet is dropped, and NodePorts on loopback are not known', async () => {
  const node = nodeWith({
    'iptables-nft filter KUBE-FORWARD': FORWARD.replace(/.*INVALID\n/, ''),
    'iptables-nft nat KUBE-POSTROUTING': POSTROUTING.replace(/.*ctorigdst.*\n/, ''),
  });
  const counts = await countPackets(node, PROGRAMS);
  assert.deepEqual(counts, { invalidDropped: 0, localhostNodePorts: undefined });
});

test('what cannot be listed is not known either', async () => {
  const counts = await countPackets(nodeWith({}), PROGRAMS);
  assert.deepEqual(counts, { invalidDropped: undefined, localhostNodePorts: undefined });
});
