import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointAddress, RelayService } from '../../../src/plan/relayTable.ts';
import type { Tally } from '../../../src/relay/counts.ts';
import { PICKER_DEFAULTS } from '../../../src/relay/pick/picker.ts';
import { serviceStates } from '../../../src/relay/serviceState.ts';

const [DEAD, ALIVE] = ['10.244.1.2:80', '10.244.1.3:80'] as EndpointAddress[];

const SERVICE: RelayService = {
  name: 'default/web:http/TCP/4',
  balancing: 'round-robin',
  affinitySeconds: undefined,
  maxConnections: undefined,
  proxyProtocol: false,
  cluster: [DEAD, ALIVE].filter((each) => each !== undefined),
  local: [],
  ending: [],
};

test('what is set aside is counted and told, by name', () => {
  assert.ok(DEAD !== undefined);
  const told: (readonly [string, readonly string[]])[] = [];
  const counted: number[] = [];
  const tally = { setAside: (count: number) => void counted.push(count) } as unknown as Tally;
  const states = serviceStates(
    () => tally,
    () => 0.5,
    (service, endpoints) => void told.push([service, endpoints]),
  );
  const { picker } = states.create(SERVICE);
  const client = Uint8Array.of(10, 0, 0, 1);
  for (let failure = 0; failure < PICKER_DEFAULTS.failuresInRow; failure += 1) {
    picker.failed(DEAD, client, failure);
  }
  assert.deepEqual(told, [[SERVICE.name, [DEAD]]]);
  assert.deepEqual(counted, [1]);
});
