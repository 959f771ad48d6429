/** The UDP relay while endpoints die, come back, leave and return, and while descriptors are short. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RLIMIT_NOFILE } from '../../src/relay/native/constants.ts';
import { getLimits } from '../../src/relay/native/libc.ts';
import { allocate } from '../../src/relay/native/memory.ts';
import { check } from '../../src/relay/native/systemError.ts';
import { CLIENT, ask, bind, close, endpointIp, serveNamed, until } from './relayUdp/lab.ts';
import { AT_VIP, DNS, service } from './relayUdp/lines.ts';
import { openFiles } from './relayUdp/relay.ts';
import { useRelay } from './relayUdp/suite.ts';

const ALL = [2, 3, 4, 5].map(endpointIp);
/** It never dies and is always in the list: with it, every datagram can be answered. */
const [STEADY = '', ...FICKLE] = ALL;
const ROUNDS = 600;

describe('the UDP relay under stress', () => {
  const suite = useRelay();

  test('every datagram is answered by an endpoint of the list, whatever dies or leaves', async () => {
    const relay = suite.relay();
    const servers = new Map<string, Socket>(ALL.map((ip) => [ip, serveNamed(ip).socket]));
    let list: readonly string[] = ALL;
    await relay.follow(service({ cluster: list }));

    /** One of the fickle ones dies, comes back, leaves the list or returns to it. */
    async function change(n: number): Promise<void> {
      const ip = FICKLE[n % FICKLE.length] ?? '';
      if (n % 2 === 0) {
        list = list.includes(ip) ? list.filter((each) => each !== ip) : [...list, ip];
        await relay.follow(service({ cluster: list }));
        return;
      }
      const server = servers.get(ip);
      if (server === undefined) servers.set(ip, serveNamed(ip).socket);
      else {
        close(server);
        servers.delete(ip);
      }
    }

    const clients = Array.from({ length: 12 }, () => bind('client', CLIENT));
    for (let n = 0; n < ROUNDS; n += 1) {
      await change(n);
      const fresh = bind('client', CLIENT);
      const asking = [...clients, fresh].map((client) => ask(client, String(n), AT_VIP));
      for (const answer of await Promise.all(asking)) {
        const [ip = '', text] = String(answer).split(' ');
        assert.equal(text, String(n));
        assert.ok(list.includes(ip), `${ip} of ${list.join(' ')} in round ${n}`);
      }
      close(fresh);
    }
    const { active, failures, retries } = relay.counts(DNS);
    assert.equal(active, await relay.flows());
    assert.ok(retries > 0);
    assert.equal(failures['no-endpoint'], 0);
  });

  test('without descriptors, new flows take those of the oldest one-way ones', async () => {
    const relay = suite.relay();
    serveNamed(STEADY);
    await relay.follow(service({ cluster: [STEADY] }));
    const loyal = bind('client', CLIENT);
    for (const text of ['1', '2']) await ask(loyal, text, AT_VIP);
    const clients = Array.from({ length: 60 }, () => bind('client', CLIENT));
    await sleep(50);
    const before = limitFiles(openFiles() + 20);
    try {
      for (const client of clients) client.send('x', AT_VIP.port, AT_VIP.ip);
      await until('all have come', () => relay.counts(DNS).connections === 61);
      assert.equal(String(await ask(loyal, '3', AT_VIP)), `${STEADY} 3`);
    } finally {
      limitFiles(before);
    }
    assert.equal(relay.counts(DNS).connections, 61);
    assert.ok((await relay.flows()) < 25);
    assert.equal(relay.counts(DNS).failures['out-of-files'], 0);
    for (const client of clients) {
      assert.equal(String(await ask(client, 'y', AT_VIP)), `${STEADY} y`);
    }
  });
});

/** Set this process's soft limit on open files; what it was. */
function limitFiles(next: number): number {
  const limits = allocate(16);
  check(getLimits(0, RLIMIT_NOFILE, 0, limits.address), 'prlimit64', 'RLIMIT_NOFILE');
  const before = Number(limits.view.getBigUint64(0, true));
  limits.view.setBigUint64(0, BigInt(next), true);
  check(getLimits(0, RLIMIT_NOFILE, limits.address, 0), 'prlimit64', 'RLIMIT_NOFILE');
  return before;
}
