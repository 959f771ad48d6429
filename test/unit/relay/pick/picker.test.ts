import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointAddress, RelayService } from '../../../../src/plan/relayTable.ts';
import { createPicker, PICKER_DEFAULTS } from '../../../../src/relay/pick/picker.ts';
import type { Picker } from '../../../../src/relay/pick/picker.ts';

const [A, B, C, D] = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80', '10.0.0.4:80'].map(
  (text) => text as EndpointAddress,
) as [EndpointAddress, EndpointAddress, EndpointAddress, EndpointAddress];

function serviceOf(
  cluster: readonly EndpointAddress[],
  rest: Partial<RelayService> = {},
): RelayService {
  const lists = { cluster, local: [], ending: [] };
  const settings = { affinitySeconds: undefined, maxConnections: undefined, proxyProtocol: false };
  return { name: 'a/b:/TCP/4', balancing: 'round-robin', ...settings, ...lists, ...rest };
}

function pickerOf(service: RelayService): Picker {
  // Chance that makes the turn begin with the first, and times as they are written.
  return createPicker(service, { ...PICKER_DEFAULTS, random: () => 0 });
}

/** What the client gets so many times, each an attempt that succeeds and ends. */
function picks(picker: Picker, count: number, client = 'c', now = 0): EndpointAddress[] {
  return Array.from({ length: count }, () => {
    const endpoint = picker.pick(client, 'cluster', [], now) ?? assert.fail('none');
    picker.connected(endpoint, client, now);
    picker.ended(endpoint);
    return endpoint;
  });
}

function failTimes(picker: Picker, endpoint: EndpointAddress, times: number, now = 0): void {
  for (let n = 0; n < times; n += 1) picker.failed(endpoint, 'c', now);
}

describe('round robin', () => {
  test('goes round, also after endpoints came and went', () => {
    const picker = pickerOf(serviceOf([A, B, C]));
    assert.deepEqual(picks(picker, 4), [A, B, C, A]);
    picker.update(serviceOf([A, C, D]));
    assert.deepEqual(picks(picker, 3), [C, D, A]);
  });

  test('leaves out what was tried, and has no more when all were', () => {
    const picker = pickerOf(serviceOf([A, B]));
    assert.equal(picker.pick('c', 'cluster', [A], 0), B);
    assert.equal(picker.pick('c', 'cluster', [A, B], 0), undefined);
    assert.equal(picker.pick('c', 'local', [], 0), undefined);
  });
});

describe('least connections', () => {
  test('counts what runs, also at an endpoint that left and came back', () => {
    const picker = pickerOf(serviceOf([A, B], { balancing: 'least-connections' }));
    picker.connected(A, 'c', 0);
    assert.deepEqual(picks(picker, 2), [B, B]);
    picker.update(serviceOf([B], { balancing: 'least-connections' }));
    picker.update(serviceOf([A, B], { balancing: 'least-connections' }));
    assert.deepEqual(picks(picker, 2), [B, B]);
    picker.ended(A);
    assert.deepEqual(new Set(picks(picker, 2)), new Set([A, B]));
  });
});

describe('affinity', () => {
  const sticky = { affinitySeconds: 10 };

  test('holds from the last new connection on', () => {
    const picker = pickerOf(serviceOf([A, B, C], sticky));
    assert.deepEqual(picks(picker, 3, 'x', 0), [A, A, A]);
    assert.deepEqual(picks(picker, 1, 'y', 0), [B]);
    assert.deepEqual(picks(picker, 1, 'x', 9_999), [A]);
    assert.deepEqual(picks(picker, 1, 'x', 19_998), [A]);
    assert.deepEqual(picks(picker, 1, 'x', 29_998), [C]);
  });

  test('a client is the same as bytes and as text of them', () => {
    const picker = pickerOf(serviceOf([A, B, C], sticky));
    picker.connected(B, Uint8Array.of(10, 0, 0, 200), 0);
    assert.equal(picker.pick('\x0a\0\0\xc8', 'cluster', [], 0), B);
  });

  test('a failed endpoint loses only the client that it failed', () => {
    const picker = pickerOf(serviceOf([A, B], sticky));
    picker.connected(A, 'x', 0);
    picker.connected(A, 'y', 0);
    picker.failed(A, 'x', 1);
    assert.equal(picker.pick('x', 'cluster', [A], 1), B);
    picker.connected(B, 'x', 1);
    assert.equal(picker.pick('x', 'cluster', [], 1), B);
    assert.equal(picker.pick('y', 'cluster', [], 1), A);
  });

  test('another time-out counts at once for those remembered', () => {
    const picker = pickerOf(serviceOf([A, B], sticky));
    picker.connected(B, 'x', 0);
    picker.update(serviceOf([A, B], { affinitySeconds: 100 }));
    assert.equal(picker.pick('x', 'cluster', [], 50_000), B);
    picker.update(serviceOf([A, B], { affinitySeconds: 5 }));
    assert.equal(picker.pick('x', 'cluster', [], 50_000), A);
    picker.update(serviceOf([A, B]));
    picker.update(serviceOf([A, B], { affinitySeconds: 100 }));
    assert.notEqual(picker.pick('x', 'cluster', [], 1), A);
    assert.equal(picker.pick('x', 'cluster', [], 1), A);
  });

  test('ends when its endpoint leaves, even if that comes back', () => {
    const picker = pickerOf(serviceOf([A, B], sticky));
    picker.connected(B, 'x', 0);
    picker.update(serviceOf([A], sticky));
    picker.update(serviceOf([A, B], sticky));
    assert.equal(picker.pick('x', 'cluster', [], 1), A);
  });

  test('the client without a connection for the longest is forgotten first', () => {
    const picker = createPicker(serviceOf([A, B, C], sticky), {
      ...PICKER_DEFAULTS,
      random: () => 0,
      mostClients: 2,
    });
    for (const client of ['x', 'y', 'x', 'z']) picker.connected(C, client, 0);
    assert.equal(picker.pick('x', 'cluster', [], 0), C);
    assert.equal(picker.pick('z', 'cluster', [], 0), C);
    assert.equal(picker.pick('y', 'cluster', [], 0), A);
  });
});

describe('outlier ejection', () => {
  test('sets an endpoint aside after failures in a row, for a growing time', () => {
    const picker = pickerOf(serviceOf([A, B, C]));
    failTimes(picker, A, 2);
    picker.connected(A, 'c', 0);
    failTimes(picker, A, 2);
    assert.deepEqual(picker.setAside(), []);
    failTimes(picker, A, 1);
    assert.deepEqual(picker.setAside(), [A]);
    assert.deepEqual(picks(picker, 4, 'c', 999), [B, C, B, C]);
    // One probe: it fails, and the time doubles.
    assert.equal(picker.pick('c', 'cluster', [], 1000), A);
    picker.failed(A, 'c', 1000);
    assert.deepEqual(picks(picker, 4, 'c', 2999), [B, C, B, C]);
    assert.deepEqual(picks(picker, 3, 'c', 3000), [A, B, C]);
    assert.deepEqual(picker.setAside(), []);
  });

  test('one connection probes, the others wait for what comes of it, but not for ever', () => {
    const picker = pickerOf(serviceOf([A, B, C]));
    failTimes(picker, A, 3);
    assert.equal(picker.pick('c', 'cluster', [], 1000), A);
    assert.deepEqual(picks(picker, 4, 'c', 1001), [B, C, B, C]);
    assert.equal(picker.pick('c', 'cluster', [], 1000 + PICKER_DEFAULTS.probeMs), A);
  });

  test('a flow that need not be answered is a good probe when it lasts', () => {
    const picker = pickerOf(serviceOf([A, B, C]));
    failTimes(picker, A, 3);
    assert.equal(picker.pick('c', 'cluster', [], 1000), A);
    picker.assigned(A, 'c', 1000);
    picker.update(serviceOf([A, B, C]));
    assert.deepEqual(picker.setAside(), [A]);
    assert.deepEqual(picks(picker, 2, 'c', 1001), [B, C]);
    assert.equal(picker.pick('c', 'cluster', [], 1000 + PICKER_DEFAULTS.probeMs), A);
    assert.deepEqual(picker.setAside(), []);
  });

  test('whoever wants is told who is aside, whenever that changes', () => {
    const told: (readonly EndpointAddress[])[] = [];
    const options = { ...PICKER_DEFAULTS, random: () => 0 };
    const asideChanged = (aside: readonly EndpointAddress[]): number => told.push(aside);
    const picker = createPicker(serviceOf([A, B, C]), { ...options, asideChanged });
    failTimes(picker, A, 4);
    failTimes(picker, B, 3);
    picker.update(serviceOf([B, C]));
    picker.connected(B, 'c', 0);
    picker.connected(B, 'c', 0);
    assert.deepEqual(told, [[A], [A, B], [B], []]);
  });

  test('with more than half aside all are used', () => {
    const picker = pickerOf(serviceOf([A, B, C]));
    failTimes(picker, A, 3);
    failTimes(picker, B, 3);
    assert.deepEqual(
      Array.from({ length: 3 }, () => picker.pick('c', 'cluster', [], 1)),
      [A, B, C],
    );
  });

  test('those aside are the last resort', () => {
    const picker = pickerOf(serviceOf([A, B]));
    failTimes(picker, A, 3);
    assert.equal(picker.pick('c', 'cluster', [], 1), B);
    assert.equal(picker.pick('c', 'cluster', [B], 1), A);
  });

  test('a client goes elsewhere while its endpoint is aside', () => {
    const picker = pickerOf(serviceOf([A, B], { affinitySeconds: 10 }));
    picker.connected(A, 'x', 0);
    failTimes(picker, A, 3);
    assert.equal(picker.pick('x', 'cluster', [], 1), B);
  });

  test('an endpoint that left and came back begins anew', () => {
    const picker = pickerOf(serviceOf([A, B]));
    failTimes(picker, A, 3);
    picker.update(serviceOf([B]));
    assert.deepEqual(picker.setAside(), []);
    picker.update(serviceOf([A, B]));
    assert.deepEqual(new Set(picks(picker, 2, 'c', 1)), new Set([A, B]));
  });
});
