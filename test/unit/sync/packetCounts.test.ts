import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInvalid } from '../../../src/sync/packetCounts.ts';

const LIST = `Chain KUBE-FORWARD (1 references)
    pkts      bytes target     prot opt in     out     source               destination
      17     1020 DROP       0    --  *      *       0.0.0.0/0            0.0.0.0/0            ctstate INVALID
       3      180 ACCEPT     0    --  *      *       0.0.0.0/0            0.0.0.0/0            mark match 0x4000/0x4000
`;

test('the packets of the INVALID rule are counted', () => {
  assert.equal(parseInvalid(LIST), 17);
});

test('without such a rule there are none', () => {
  assert.equal(parseInvalid(LIST.replace(/.*INVALID\n/, '')), 0);
});
