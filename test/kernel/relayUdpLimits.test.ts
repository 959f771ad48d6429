/** What bounds the flows of the UDP relay: number, idle time, spoofed clients. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLIENT, ask, bind, close, serveNamed, until } from './relayUdp/lab.ts';
import { A, AT_VIP, DNS, askOnce, service } from './relayUdp/lines.ts';
import { useRelay } from './relayUdp/suite.ts';

describe('limits of the UDP relay', () => {
  const suite = useRelay();

  test('an idle flow ends, and one that is used goes on', async () => {
    const relay = await suite.restart({ oneWayMs: 1500, twoWayMs: 1500 });
    await relay.follow(service({ cluster: [A] }));
    serveNamed(A);
    const [busy] = [bind('client', CLIENT), await askOnce()];
    await ask(busy, 'x', AT_VIP);
    assert.equal(await relay.flows(), 2);
    await until('the idle one is over', async () => {
      await ask(busy, 'x', AT_VIP);
      return (await relay.flows()) === 1;
    });
    assert.equal(relay.counts(DNS).active, 1);
  });

  test('a limit on the flows of a Service', async () => {
    const relay = suite.relay();
    const settings = 'balancing=round-robin affinity=- limit=2';
    await relay.follow(service({ cluster: [A], settings }));
    serveNamed(A);
    const clients = [1, 2, 3].map(() => bind('client', CLIENT));
    const answers = await Promise.all(
      clients.map((client) => ask(client, 'x', AT_VIP, client === clients[2] ? 200 : undefined)),
    );
    assert.deepEqual(answers.map(String), [`${A} x`, `${A} x`, 'undefined']);
    assert.equal(relay.counts(DNS).failures['over-limit'], 1);
  });

  test('a flood of clients that never speak twice ends no two-way flow', async () => {
    const relay = await suite.restart({ mostFlows: 60 });
    await relay.follow(service({ cluster: [A] }));
    serveNamed(A);
    const clients = Array.from({ length: 20 }, () => bind('client', CLIENT));
    for (const client of [...clients, ...clients]) await ask(client, 'x', AT_VIP);
    const held = relay.held();
    for (let n = 0; n < 2000; n += 1) {
      const spoofed = bind('client', `198.18.${n >> 8}.${n & 255}`);
      spoofed.send('y', AT_VIP.port, AT_VIP.ip, () => close(spoofed));
      if (n % 100 === 0) await sleep(1);
    }
    await until('all have come', () => {
      const { connections, failures } = relay.counts(DNS);
      return connections + failures['over-limit'] === 2020;
    });
    const { connections } = relay.counts(DNS);
    assert.equal(await relay.flows(), 60);
    assert.ok(relay.held() <= held + 40);
    for (const client of clients) {
      assert.equal(String(await ask(client, 'z', AT_VIP)), `${A} z`);
    }
    assert.equal(relay.counts(DNS).connections, connections);
  });

  test('with nothing but two-way flows, a new client waits for an idle one to end', async () => {
    const relay = await suite.restart({ mostFlows: 2 });
    await relay.follow(service({ cluster: [A] }));
    serveNamed(A);
    const clients = [bind('client', CLIENT), bind('client', CLIENT)];
    for (const client of [...clients, ...clients]) await ask(client, 'x', AT_VIP);
    assert.equal(await ask(bind('client', CLIENT), 'x', AT_VIP, 100), undefined);
    assert.equal(relay.counts(DNS).failures['over-limit'], 1);
    for (const client of clients) assert.equal(String(await ask(client, 'y', AT_VIP)), `${A} y`);
  });
});
