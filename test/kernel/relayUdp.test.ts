/** The UDP relay with real datagrams: a client, a node with TPROXY rules, endpoints behind it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import {
  CLIENT,
  CLIENT6,
  NODE,
  NODE_PORT,
  VIP,
  VIP6,
  ask,
  bind,
  close,
  inside,
  pointRulesAt,
  serve,
  serveNamed,
  until,
} from './relayUdp/lab.ts';
import { A, AT_VIP, B, C, DNS, LINES6, VIP_LINE, askOnce, service } from './relayUdp/lines.ts';
import { startRelay } from './relayUdp/relay.ts';
import { PORT, useRelay } from './relayUdp/suite.ts';

describe('the UDP relay', () => {
  const suite = useRelay();

  test('each client gets one endpoint, and the next the next', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A, B] }));
    serveNamed(A);
    serveNamed(B);
    const clients = [bind('client', CLIENT), bind('client', CLIENT)];
    const answers: string[] = [];
    for (const client of [...clients, ...clients, ...clients]) {
      answers.push(String(await ask(client, 'x', AT_VIP)));
    }
    assert.deepEqual(new Set(answers), new Set([`${A} x`, `${B} x`]));
    assert.deepEqual(answers.slice(0, 2), answers.slice(2, 4));
    assert.deepEqual(answers.slice(0, 2), answers.slice(4, 6));
    const { connections, active, bytesToEndpoints, bytesToClients } = relay.counts(DNS);
    const sums = { connections, active, bytesToEndpoints, bytesToClients };
    const bytes = answers.join('').length;
    assert.deepEqual(sums, {
      connections: 2,
      active: 2,
      bytesToEndpoints: 6,
      bytesToClients: bytes,
    });
  });

  test('IPv6, NodePorts, and clients on the node itself have their own lists', async () => {
    const relay = suite.relay();
    await relay.follow(
      service({ cluster: [A], local: [B] }),
      `destination UDP/4 *:${NODE_PORT} service=${DNS} inside=cluster outside=local`,
      ...LINES6,
    );
    for (const address of [A, B, 'fd00:244::2']) serveNamed(address);
    const answers = [
      await ask(bind('client', CLIENT6), 'a', { ip: VIP6, port: 53 }),
      await ask(bind('client', CLIENT), 'b', { ip: NODE, port: NODE_PORT }),
      await ask(bind('node', NODE), 'c', { ip: NODE, port: NODE_PORT }),
      await ask(bind('node', '127.0.0.1'), 'd', { ip: '127.0.0.1', port: NODE_PORT }),
      await ask(bind('node', NODE), 'e', AT_VIP),
      await ask(bind('node', '::'), 'f', { ip: VIP6, port: 53 }),
    ];
    assert.deepEqual(answers.map(String), [
      'fd00:244::2 a',
      `${B} b`,
      `${A} c`,
      `${A} d`,
      `${A} e`,
      'fd00:244::2 f',
    ]);
  });

  test('datagrams of every size arrive whole, both ways', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A] }), ...LINES6);
    for (const address of [A, 'fd00:244::2']) serve(address, (request) => request);
    const [client, client6] = [bind('client', CLIENT), bind('client', CLIENT6)];
    for (const size of [0, 1, 1452, 1473, 9000, 65_507]) {
      const sent = Buffer.alloc(size, String(size));
      assert.deepEqual(await ask(client, sent, AT_VIP), sent, `${size} bytes`);
      assert.deepEqual(await ask(client6, sent, { ip: VIP6, port: 53 }), sent, `${size} bytes`);
    }
  });

  test('a burst arrives whole and in its order', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A] }));
    const server = serve(A, (request) => request);
    const client = bind('client', CLIENT);
    const answers: number[] = [];
    client.on('message', (answer: Buffer) => answers.push(Number(answer.toString())));
    const sent = Array.from({ length: 200 }, (_, n) => n);
    for (const n of sent) client.send(String(n), AT_VIP.port, AT_VIP.ip);
    await until('all are answered', () => answers.length === sent.length);
    assert.deepEqual(answers, sent);
    assert.deepEqual(
      server.received.map((each) => Number(each.toString())),
      sent,
    );
  });

  test('no datagram is lost to an endpoint that refuses', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A, B] }));
    serveNamed(B);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => askOnce(String(n))));
    assert.deepEqual(
      answers,
      Array.from({ length: 40 }, (_, n) => `${B} ${n}`),
    );
    const { failures, retries, setAside } = relay.counts(DNS);
    assert.ok(failures.refused > 0);
    assert.equal(retries, failures.refused);
    assert.equal(failures['no-endpoint'], 0);
    assert.equal(setAside, 1);
  });

  test('a flow leaves an endpoint that dies, with the datagram that it no longer got', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A, B] }));
    const servers = new Map([A, B].map((ip) => [ip, serveNamed(ip)]));
    const client = bind('client', CLIENT);
    const first = String(await ask(client, '1', AT_VIP)).split(' ')[0] ?? '';
    close(servers.get(first)?.socket ?? assert.fail(first));
    const other = first === A ? B : A;
    assert.equal(String(await ask(client, '2', AT_VIP)), `${other} 2`);
    assert.equal(String(await ask(client, '3', AT_VIP)), `${other} 3`);
    assert.equal(await relay.flows(), 1);
  });

  test('when all refuse the client is refused, and may find a better time', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A, B, C] }));
    const client = bind('client', CLIENT);
    inside('client', () => client.connect(AT_VIP.port, AT_VIP.ip));
    client.send('lost');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
    assert.equal(relay.counts(DNS).failures.refused, 3);
    assert.equal(await relay.flows(), 0);
    serveNamed(C);
    client.send('found');
    const [answer] = (await once(client, 'message')) as [Buffer];
    assert.equal(String(answer), `${C} found`);
  });

  test('a client by IPv6 is refused, too', async () => {
    const relay = suite.relay();
    await relay.follow(...LINES6);
    const client = bind('client', CLIENT6);
    inside('client', () => client.connect(53, VIP6));
    client.send('lost');
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  test('flows leave an endpoint that is gone, at once, and stay with one that only ends', async () => {
    const relay = suite.relay();
    await relay.follow(service({ cluster: [A] }));
    for (const ip of [A, B, C]) serveNamed(ip);
    const client = bind('client', CLIENT);
    assert.equal(String(await ask(client, '1', AT_VIP)), `${A} 1`);
    await relay.follow(service({ cluster: [B], ending: [A] }));
    assert.equal(String(await ask(client, '2', AT_VIP)), `${A} 2`);
    assert.equal(await askOnce('3'), `${B} 3`);
    assert.equal(await relay.follow(service({ cluster: [B, C] })), 1);
    assert.notEqual(String(await ask(client, '4', AT_VIP)), `${A} 4`);
    assert.equal(await relay.follow(service({})), 0);
    assert.equal(await ask(client, '5', AT_VIP, 100), undefined);
    assert.equal(relay.counts(DNS).failures['no-endpoint'], 1);
    assert.equal(relay.counts(DNS).active, 0);
  });

  test('flows end with their destination and their Service, and others go on', async () => {
    const relay = suite.relay();
    const other = `destination UDP/4 ${VIP}:54 service=${DNS} inside=cluster outside=cluster`;
    await relay.follow(service({ cluster: [A] }), other);
    serveNamed(A);
    const client = bind('client', CLIENT);
    await ask(client, '1', AT_VIP);
    await ask(client, '1', { ip: VIP, port: 54 });
    assert.equal(await relay.follow('no destination UDP/4 10.96.0.10:54'), 1);
    assert.equal(await relay.follow(VIP_LINE), 1);
    assert.equal(await relay.follow(VIP_LINE.replace('outside=cluster', 'outside=local')), 0);
    await relay.follow(VIP_LINE);
    await ask(client, '2', AT_VIP);
    assert.equal(await relay.follow(`no service ${DNS}`), 0);
  });

  test('affinity holds over the ports of a client', async () => {
    const relay = suite.relay();
    const settings = 'balancing=round-robin affinity=10800 limit=-';
    await relay.follow(service({ cluster: [A, B, C], settings }));
    for (const ip of [A, B, C]) serveNamed(ip);
    const answers = await Promise.all(Array.from({ length: 20 }, () => askOnce()));
    assert.equal(new Set(answers).size, 1);
    const stranger = await ask(bind('client', '198.18.0.1'), 'x', AT_VIP);
    assert.notEqual(String(stranger), answers[0]);
  });

  test('where another program stands at the address, clients get nothing, and it is told', async () => {
    const relay = suite.relay();
    await relay.follow(
      service({ cluster: [A] }),
      `destination UDP/4 *:${NODE_PORT} service=${DNS} inside=cluster outside=cluster`,
    );
    serveNamed(A);
    const squatter = bind('node', NODE, NODE_PORT);
    const [client, at] = [bind('client', CLIENT), { ip: NODE, port: NODE_PORT }];
    assert.equal(await ask(client, '1', at, 100), undefined);
    assert.equal(relay.counts(DNS).failures.unreachable, 1);
    assert.match(relay.faults.splice(0).join(), /EADDRINUSE/);
    close(squatter);
    assert.equal(String(await ask(client, '2', at)), `${A} 2`);
  });

  test('the next relay stands beside this one and takes its clients over', async () => {
    const relay = suite.relay();
    serveNamed(A);
    await relay.follow(service({ cluster: [A] }));
    const client = bind('client', CLIENT);
    assert.equal(String(await ask(client, '1', AT_VIP)), `${A} 1`);
    const next = await startRelay(PORT + 1);
    await next.follow(service({ cluster: [A] }), VIP_LINE);
    await pointRulesAt(PORT + 1);
    assert.equal(String(await ask(client, '2', AT_VIP)), `${A} 2`);
    assert.equal(next.counts(DNS).connections, 1);
    assert.equal(await relay.unlisten(), 1);
    await pointRulesAt(PORT);
    await next.stop();
  });
});
