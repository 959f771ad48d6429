import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseAddresses,
  parseRoutes,
  parseSets,
} from '../../../../src/backends/sets/parseTools.ts';

test('ipset save: our sets without sizes, their entries, and nobody else’s', () => {
  const save = `create KUBE-VIP-6 hash:ip family inet6 hashsize 1024 maxelem 1048576 bucketsize 12 initval 0xb0872701
add KUBE-VIP-6 fd00:0:0:1::1
create KUBE-EXT-LOCAL hash:ip,port family inet hashsize 1024 maxelem 1048576 skbinfo bucketsize 12 initval 0xba372a37
add KUBE-EXT-LOCAL 203.0.113.1,tcp:80 skbmark 0x1234
create KUBE-NP-TCP bitmap:port range 0-65535
add KUBE-NP-TCP 30080
create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP 10.96.0.1,tcp:80
`;
  assert.deepEqual(parseSets(save, ['KUBE-VIP', 'KUBE-EXT-LOCAL', 'KUBE-NP-TCP']), [
    ['6/node/set/KUBE-VIP-6', 'hash:ip family inet6'],
    ['6/node/member/KUBE-VIP-6 fd00:0:0:1::1', ''],
    ['4/node/set/KUBE-EXT-LOCAL', 'hash:ip,port family inet skbinfo'],
    ['4/node/member/KUBE-EXT-LOCAL 203.0.113.1,tcp:80', 'skbmark 0x1234'],
    ['4/node/set/KUBE-NP-TCP', 'bitmap:port range 0-65535'],
    ['4/node/member/KUBE-NP-TCP 30080', ''],
  ]);
});

test('ip route show: address and source', () => {
  const list =
    'local 10.96.0.1 dev lo scope host src 10.1.0.1 \nlocal 10.96.0.2 dev lo scope host \n';
  assert.deepEqual(parseRoutes(list, 4), [
    ['4/node/route/10.96.0.1', 'src 10.1.0.1'],
    ['4/node/route/10.96.0.2', ''],
  ]);
  assert.deepEqual(parseRoutes('local fd00::78 dev lo src ::1 metric 1024 pref medium\n', 6), [
    ['6/node/route/fd00::78', 'src ::1'],
  ]);
});

test('ip -o addr show: addresses alone', () => {
  const list =
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global eth0\\  valid_lft forever\n';
  assert.deepEqual(
    parseAddresses(list, 4).map(([key]) => key),
    ['4/node/address/127.0.0.1', '4/node/address/192.0.2.11'],
  );
});
