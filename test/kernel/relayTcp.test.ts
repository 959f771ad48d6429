/** The TCP relay with real connections: a client, a node with TPROXY rules, endpoints behind it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CLIENT,
  NODE,
  NODE_PORT,
  VIP,
  VIP6,
  closeLab,
  openLab,
  run,
  until,
} from './relayUdp/lab.ts';
import {
  WEB6,
  ask,
  closeSockets,
  destination,
  dial,
  failureOf,
  openFiles,
  readAll,
  serve,
  serveNamed,
  startRelay,
  web,
} from './relayTcp/lab.ts';
import type { TestRelay } from './relayTcp/lab.ts';

const [A, B] = ['10.244.1.2:8080', '10.244.1.3:8080'] as const;
const AT_VIP = `${VIP}:80`;

describe('the TCP relay', () => {
  let relay: TestRelay;
  let files: number;

  before(openLab);
  after(closeLab);
  beforeEach(async () => {
    files = openFiles();
    relay = await startRelay();
  });
  afterEach(async () => {
    await closeSockets();
    await relay.close();
    assert.deepEqual(relay.logged, []);
    await until('no descriptor is left', () => openFiles() <= files);
  });

  /** Another in the place of the one at hand. */
  async function restart(options: Parameters<typeof startRelay>[0]): Promise<void> {
    await relay.close();
    relay = await startRelay(options);
  }

  async function follow(...lines: readonly string[]): Promise<void> {
    await relay.apply(`${[destination(AT_VIP), ...lines].join('\n')}\n`);
  }

  it('gives clients the endpoints in turn', async () => {
    await follow(web({ cluster: [A, B] }));
    serveNamed(A);
    serveNamed(B);
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push(await ask(AT_VIP));
    assert.deepEqual(new Set(answers.slice(0, 2)), new Set([A, B]));
    assert.deepEqual(answers.slice(2), answers.slice(0, 4));
    const { connections, bytesToEndpoints, bytesToClients } = relay.count();
    assert.deepEqual([connections, bytesToEndpoints, bytesToClients], [6, 6, 6 * A.length]);
    await until('none is active', () => relay.count().active === 0);
  });

  it('has lists of their own for clients on the node, NodePorts and IPv6', async () => {
    const web6 = `service ${WEB6} balancing=random affinity=- limit=- proxy-protocol=- cluster=[fd00:244::2]:8080 local=- ending=-`;
    await follow(
      web({ cluster: [A], local: [B] }),
      destination(`*:${NODE_PORT}`, 'inside=cluster outside=local'),
      web6,
      `destination TCP/6 [${VIP6}]:80 service=${WEB6} inside=cluster outside=cluster`,
    );
    serveNamed(A);
    serveNamed(B);
    serveNamed('[fd00:244::2]:8080');
    assert.equal(await ask(`${NODE}:${NODE_PORT}`), B);
    assert.equal(await ask(`${NODE}:${NODE_PORT}`, 'x', 'node'), A);
    assert.equal(await ask(AT_VIP, 'x', 'node'), A);
    assert.equal(await ask(`[${VIP6}]:80`), '[fd00:244::2]:8080');
  });

  it('passes on the end of what a client says, and answers after it', async () => {
    await follow(web({ cluster: [A] }));
    serve(A, (socket) => void readAll(socket).then((text) => socket.end(`heard ${text}`)));
    assert.equal(await ask(AT_VIP, 'all of it'), 'heard all of it');
  });

  it('passes on the end of what an endpoint says, and what the client says after it', async () => {
    await follow(web({ cluster: [A] }));
    const heard = Promise.withResolvers<string>();
    serve(A, (socket) => {
      socket.end('first');
      readAll(socket).then(heard.resolve, heard.reject);
    });
    const client = await dial(AT_VIP);
    assert.equal(await readAll(client), 'first');
    client.end('then');
    assert.equal(await heard.promise, 'then');
  });

  it('lets the endpoint speak first', async () => {
    await follow(web({ cluster: [A] }));
    serve(A, (socket) => socket.end('hello'));
    assert.equal(await readAll(await dial(AT_VIP)), 'hello');
  });

  it('passes a reset on, in both directions', async () => {
    await follow(web({ cluster: [A] }));
    const server = serve(A, (socket) => socket.on('data', () => socket.resetAndDestroy()));
    assert.equal(await failureOf(ask(AT_VIP)), 'ECONNRESET');
    assert.equal(relay.count().failures.reset, 1);

    server.removeAllListeners('connection');
    const accepted = once(server, 'connection');
    const client = await dial(AT_VIP);
    client.write('x');
    const [endpoint] = (await accepted) as [Socket];
    const failed = failureOf(once(endpoint, 'close', { signal: AbortSignal.timeout(5000) }));
    const errors: string[] = [];
    endpoint.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
    endpoint.resume();
    await once(endpoint, 'data');
    client.resetAndDestroy();
    await failed;
    assert.deepEqual(errors, ['ECONNRESET']);
    await until('none is active', () => relay.count().active === 0);
  });

  it('resets a client that no endpoint takes, and says why', async () => {
    await follow(web({ cluster: [A, B] }));
    assert.equal(await failureOf(ask(AT_VIP)), 'ECONNRESET');
    const { failures, retries } = relay.count();
    assert.deepEqual([failures.refused, retries], [2, 1]);
    await follow(web({}));
    assert.equal(await failureOf(ask(AT_VIP)), 'ECONNRESET');
    assert.equal(relay.count().failures['no-endpoint'], 1);
    assert.equal(await failureOf(ask(`${VIP}:81`)), 'ECONNRESET');
  });

  it('goes on with connections to an endpoint that is no longer listed, and gives it no more', async () => {
    await follow(web({ cluster: [A] }));
    serve(A, (socket) => socket.on('data', (data) => socket.write(`A ${data.toString()}`)));
    serveNamed(B);
    const client = await dial(AT_VIP);
    client.write('one');
    assert.equal(String((await once(client, 'data'))[0]), 'A one');
    await follow(web({ cluster: [B] }));
    assert.equal(await ask(AT_VIP), B);
    client.write('two');
    assert.equal(String((await once(client, 'data'))[0]), 'A two');
  });

  it('tells the endpoint of the client in a PROXY protocol header, with what it says', async () => {
    await follow(web({ cluster: [A, B], proxyProtocol: '2' }));
    serve(B, (socket) => socket.setEncoding('latin1').pipe(socket.setDefaultEncoding('latin1')));
    const client = (await dial(AT_VIP)).setEncoding('latin1');
    client.end('hi');
    const texts: string[] = [];
    for await (const text of client) texts.push(text as string);
    const bytes = Buffer.from(texts.join(''), 'latin1');
    assert.deepEqual(
      [...bytes.subarray(16, 24)],
      [...CLIENT.split('.'), ...VIP.split('.')].map(Number),
    );
    assert.equal(bytes.readUInt16BE(26), 80);
    assert.equal(bytes.subarray(28).toString(), 'hi');
  });

  it('keeps to the limits of a Service and of all', async () => {
    await restart({ maxConnections: 3 });
    await follow(web({ cluster: [A], settings: 'balancing=round-robin affinity=- limit=2' }));
    serve(A, (socket) => {
      socket.on('data', () => socket.write('served'));
      socket.on('end', () => socket.end());
    });
    const clients = [await dial(AT_VIP), await dial(AT_VIP)];
    for (const client of clients) {
      client.write('x');
      await once(client, 'data');
    }
    assert.equal(await failureOf(ask(AT_VIP)), 'ECONNRESET');
    await follow(web({ cluster: [A] }));
    const third = await dial(AT_VIP);
    third.write('x');
    await once(third, 'data');
    assert.equal(await failureOf(ask(AT_VIP)), 'ECONNRESET');
    assert.equal(relay.count().failures['over-limit'], 2);
    third.destroy();
    await until('there is room', () => relay.count().active === 2);
    const fourth = await dial(AT_VIP);
    fourth.write('x');
    await once(fourth, 'data');
  });

  it('resets connections that are idle for too long, and no others', async () => {
    await restart({ idleTimeoutMs: 1500 });
    await follow(web({ cluster: [A] }));
    serve(A, (socket) => socket.on('data', (data) => socket.write(data)));
    const [idle, busy] = [await dial(AT_VIP), await dial(AT_VIP)];
    const ended = failureOf(readAll(idle));
    idle.write('x');
    for (let isOver = false; !isOver;) {
      busy.write('x');
      await once(busy, 'data');
      isOver = await Promise.race([ended.then(() => true), sleep(50, false)]);
    }
    assert.equal(await ended, 'ECONNRESET');
    busy.write('x');
    await once(busy, 'data');
  });

  it('lets clients wait while descriptors are short', async () => {
    await restart({ fileLimit: 60 });
    await follow(web({ cluster: [A] }));
    serve(A, (socket) => socket.on('data', () => void sleep(20).then(() => socket.end('served'))));
    const answers = await Promise.all(Array.from({ length: 150 }, () => ask(AT_VIP)));
    assert.deepEqual(new Set(answers), new Set(['served']));
    const { acceptPauses, files: held } = relay.counts();
    assert.ok(acceptPauses > 0);
    assert.equal(held.limit, 60);
  });

  it('refuses lines that are none, and follows the others', async () => {
    await assert.rejects(follow('service', web({ cluster: [A] })), /not a line .*: service$/);
    assert.equal(relay.table(), `${destination(AT_VIP)}\n${web({ cluster: [A] })}\n`);
    await relay.apply(`no destination TCP/4 ${AT_VIP}\n`);
    assert.equal(relay.table(), `${web({ cluster: [A] })}\n`);
  });

  describe('in place of a dead endpoint', () => {
    const dead = {
      refusing: '10.244.1.8:8080',
      silent: '10.244.1.9:8080',
      unreachable: '10.244.7.7:8080',
    };
    before(async () => {
      await run('ends', ['iptables', '-A', 'INPUT', '-d', '10.244.1.9', '-p', 'tcp', '-j', 'DROP']);
      await run('node', ['ip', 'route', 'add', 'unreachable', '10.244.7.0/24']);
    });

    for (const [form, address] of Object.entries(dead)) {
      it(`that is ${form} it takes another, whoever comes`, async () => {
        const all = [address, A, B].sort();
        await follow(web({ cluster: all, settings: 'balancing=random affinity=- limit=-' }));
        serveNamed(A);
        serveNamed(B);
        const answers = await Promise.all(Array.from({ length: 200 }, () => ask(AT_VIP)));
        assert.deepEqual(new Set(answers), new Set([A, B]));
        const { failures } = relay.count();
        assert.ok(failures.refused + failures['timed-out'] + failures.unreachable > 0);
        await until('it is set aside', () => relay.count().setAside === 1);
      });
    }

    it('that accepts and resets at once it takes another, too', async () => {
      const resetting = '10.244.1.7:8080';
      serve(resetting, (socket) => socket.resetAndDestroy());
      serveNamed(A);
      await follow(web({ cluster: [resetting, A].sort() }));
      for (let n = 0; n < 10; n += 1) {
        const client = await dial(AT_VIP);
        // It says something only once that endpoint has had its turn.
        await until('it was accepted', () => relay.count().connections === n + 1);
        await sleep(20);
        client.end('x');
        assert.equal(await readAll(client), A);
      }
      assert.ok(relay.count().failures.reset > 0);
    });
  });

  it('loses nothing that a client said while the first endpoint was silent', async () => {
    const silent = '10.244.1.9:8080';
    await run('ends', ['iptables', '-A', 'INPUT', '-d', '10.244.1.9', '-p', 'tcp', '-j', 'DROP']);
    await follow(web({ cluster: [silent] }));
    serve(B, (socket) => void readAll(socket).then((text) => socket.end(String(text.length))));
    const answer = ask(AT_VIP, 'x'.repeat(300_000));
    await until('it was tried', () => relay.count().connections === 1);
    await follow(web({ cluster: [B, silent] }));
    assert.equal(await answer, '300000');
  });
});
