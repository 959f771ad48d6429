/** What the node shall hold, where that is not just what is desired. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { targetOf } from '../../../../src/backends/ipvs/target.ts';
import type { Cidr } from '../../../../src/net/address.ts';
import { difference, sortedMap } from '../../../../src/sorted/sortedMap.ts';

function objects(entries: Readonly<Record<string, string>>): Installed {
  return sortedMap(Object.entries(entries).map(([key, text]) => [key as ObjectKey, text]));
}

const [SERVICE, OURS, LISTED, VIP, ROUTE] = [
  '4/ipvs/service/TCP 10.96.0.10:80',
  '4/node/member/KUBE-VIP-OURS 10.96.0.10,tcp:80',
  '4/node/member/KUBE-VIP-PORT 10.96.0.10,tcp:80',
  '4/node/member/KUBE-VIP 10.96.0.10',
  '4/node/route/10.96.0.10',
] as const;
const SERVER = '4/ipvs/server/TCP 10.96.0.10:80 10.244.2.2:8080';
const STATIC = { '4/node/set/KUBE-VIP': 'hash:ip family inet' };
const ADDRESS = { ...STATIC, [VIP]: '', [ROUTE]: 'src 192.0.2.11' };
const IDLE_SERVICE = { ...ADDRESS, [SERVICE]: '-s rr', [OURS]: '', [LISTED]: '' };
const FULL = { ...IDLE_SERVICE, [SERVER]: '1' };
const MARK = '4/ipvs/service/FWM 77';
const MARK_SERVER = '4/ipvs/server/FWM 77 10.244.2.2:8080';

interface Case {
  readonly what: string;
  readonly installed: Readonly<Record<string, string>>;
  readonly desired: Readonly<Record<string, string>>;
  /** What of the target is more than, or other than, what is desired. */
  readonly more?: Readonly<Record<string, string>>;
  readonly less?: readonly string[];
  readonly excluded?: readonly string[];
}

const CASES: readonly Case[] = [
  { what: 'nothing installed', installed: {}, desired: FULL },
  {
    what: 'an endpoint that went ends at weight 0',
    installed: FULL,
    desired: IDLE_SERVICE,
    more: { [SERVER]: '0' },
  },
  {
    what: 'one that is idle is not kept',
    installed: { ...FULL, [SERVER]: '0 idle' },
    desired: IDLE_SERVICE,
  },
  {
    what: 'nor is one that is overdue',
    installed: { ...FULL, [SERVER]: '0 overdue' },
    desired: IDLE_SERVICE,
  },
  {
    what: 'one that comes back is desired',
    installed: { ...FULL, [SERVER]: '0 busy' },
    desired: FULL,
  },
  {
    what: 'without endpoints, the virtual server stays with its record and takes nobody in',
    installed: FULL,
    desired: ADDRESS,
    more: { [SERVICE]: '-s rr', [OURS]: '', [SERVER]: '0' },
  },
  {
    what: 'behind an address that is no Service’s any more, nothing ends slowly',
    installed: FULL,
    desired: STATIC,
  },
  {
    what: 'a mark that is still wanted keeps an endpoint that ends',
    installed: { [MARK]: '-s rr', [MARK_SERVER]: '1' },
    desired: { ...STATIC, [MARK]: '-s rr' },
    more: { [MARK_SERVER]: '0' },
  },
  {
    what: 'a mark that is wanted no more goes with its endpoints',
    installed: { [MARK]: '-s rr', [MARK_SERVER]: '1' },
    desired: STATIC,
  },
  {
    what: 'an address on an interface is neither a Service’s alone nor routed',
    installed: { '4/node/address/10.96.0.10': '', '4/node/address/192.0.2.11': '' },
    desired: FULL,
    more: { '4/node/address/10.96.0.10': '', '4/node/address/192.0.2.11': '' },
    less: [VIP, ROUTE],
  },
  {
    what: 'a stranger’s virtual server: no record and no server of ours',
    installed: { '4/ipvs/foreign/TCP 10.96.0.10:80': '' },
    desired: { ...FULL, '4/ipvs/server/TCP 10.96.0.10:8080 10.244.2.2:8080': '1' },
    more: { '4/ipvs/foreign/TCP 10.96.0.10:80': '' },
    less: [OURS, SERVER],
  },
  {
    what: 'a stranger’s elsewhere changes nothing',
    installed: { '4/ipvs/foreign/TCP 10.97.0.1:80': '', '6/ipvs/foreign/FWM 9': '' },
    desired: FULL,
    more: { '4/ipvs/foreign/TCP 10.97.0.1:80': '', '6/ipvs/foreign/FWM 9': '' },
  },
  {
    what: 'an excluded address keeps its virtual server as it is',
    installed: FULL,
    desired: STATIC,
    more: { [SERVICE]: '-s rr', [SERVER]: '1', [OURS]: '' },
    excluded: ['10.96.0.0/24'],
  },
  {
    what: 'another one is not excluded',
    installed: FULL,
    desired: STATIC,
    excluded: ['10.97.0.0/24', 'fd00::/8'],
  },
  { what: 'nothing desired', installed: FULL, desired: {}, excluded: ['10.96.0.0/24'] },
];

for (const { what, installed, desired, more = {}, less = [], excluded = [] } of CASES) {
  test(`target: ${what}`, () => {
    const target = targetOf(objects(installed), objects(desired), excluded as readonly Cidr[]);
    const found: { more: Record<string, string>; less: string[] } = { more: {}, less: [] };
    difference(objects(desired), target, {
      added: (key, text) => (found.more[key] = text),
      removed: (key) => void found.less.push(key),
      changed: (key, _was, is) => (found.more[key] = is),
    });
    assert.deepEqual(found, { more, less: less.toSorted() });
  });
}
