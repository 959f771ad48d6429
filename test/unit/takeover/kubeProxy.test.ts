import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeReader } from '../../../src/backends/backend.ts';
import { adoption, isKubeProxySet } from '../../../src/takeover/kubeProxy.ts';

const LINKS = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
7: kube-ipvs0: <BROADCAST,NOARP> mtu 1500 qdisc noop state DOWN mode DEFAULT group default
`;
const ADDRESSES = `2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0
7: kube-ipvs0    inet 10.96.0.10/32 scope global kube-ipvs0
7: kube-ipvs0    inet6 fd00:10:96::a/128 scope global
`;
const SETS = `create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
add KUBE-NODE-PORT-TCP 30080
add KUBE-NODE-PORT-LOCAL-SCTP-HASH 192.0.2.11,sctp:30090
add KUBE-NODE-PORT-LOCAL-UDP 30053
`;
const SERVERS = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.96.0.10:80 rr
  -> 10.244.1.11:7000             Masq    1      0          0
TCP  192.0.2.11:30080 rr
UDP  192.0.2.11:30053 rr persistent 10800
SCTP 192.0.2.11:30090 rr
TCP  192.0.2.11:8443 wlc
UDP  192.0.2.11:30080 rr
TCP  [fd00:10:96::a]:80 rr
FWM  78 wlc
`;

function nodeWith(links: string): NodeReader {
  const texts = new Map([
    ['ip -o link show', links],
    ['ip -o addr show', ADDRESSES],
    ['ipset save', SETS],
    ['ipvsadm -Ln', SERVERS],
  ]);
  return {
    list(program, args) {
      const text = texts.get([program, ...args].join(' '));
      return text === undefined ? Promise.reject(new Error(program)) : Promise.resolve(text);
    },
    sysctl: () => Promise.resolve(undefined),
  };
}

test("kube-proxy's virtual servers come into our record, others' do not", async () => {
  const [operation, ...more] = await adoption(nodeWith(LINKS));
  assert.equal(more.length, 0);
  assert.deepEqual(
    operation?.stdin?.split('\n').filter((line) => line.startsWith('add')),
    [
      'add KUBE-VIP-OURS 10.96.0.10,tcp:80',
      'add KUBE-VIP-OURS 192.0.2.11,tcp:30080',
      'add KUBE-VIP-OURS 192.0.2.11,udp:30053',
      'add KUBE-VIP-OURS 192.0.2.11,sctp:30090',
      'add KUBE-VIP-OURS-6 fd00:10:96::a,tcp:80',
    ],
  );
});

test('without its device nothing more is asked, so that ip_vs is not loaded for it', async () => {
  const [first = ''] = LINKS.split('\n');
  assert.deepEqual(await adoption(nodeWith(`${first}\n`)), []);
});

test("its sets are known by name, also where ipset's limit cut one off", () => {
  assert.ok(isKubeProxySet('KUBE-CLUSTER-IP'));
  assert.ok(isKubeProxySet('KUBE-6-CLUSTER-IP'));
  assert.ok(isKubeProxySet('KUBE-6-LOAD-BALANCER-SOURCE-CID'));
  assert.ok(!isKubeProxySet('KUBE-VIP'));
  assert.ok(!isKubeProxySet('cali40all-ipam-pools'));
});
