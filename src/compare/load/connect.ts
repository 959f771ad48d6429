/** New connections: at a given pace to see how long each takes, or as many as there can be. */
import { connect } from 'node:net';
import { parseGreeting } from '../servers/greeting.ts';
import type { Greeting } from '../servers/greeting.ts';
import { attemptList, codeOf, microseconds, tally } from './attempts.ts';
import { closedLoop, openLoop } from './pace.ts';
import type { ConnectResult, RateResult } from './result.ts';
import { targetFor } from './spec.ts';
import type { SpecOf, Target } from './spec.ts';

/** How one connection went. */
interface Dialled {
  /** '' when the server greeted. */
  readonly failure: string;
  readonly greeting?: Greeting;
  readonly handshakeUs: number;
  readonly ownAddress: string;
}

interface DialOptions {
  readonly timeoutMs: number;
  /** performance.now() that the handshake's time counts from. */
  readonly from: number;
  /** End it by a reset, which leaves nothing behind. */
  readonly isReset?: boolean;
  /** Ask by HTTP for what the server would otherwise say by itself. */
  readonly isHttp?: boolean | undefined;
}

/**
 * Dial, wait for the greeting, hang up. Not the handshake is waited for but the server's first byte:
 * a relay shakes hands before it has any server.
 */
function dial(target: Target, options: DialOptions): Promise<Dialled> {
  return new Promise((resolve) => {
    const socket = connect(target);
    let text = '';
    let handshakeUs = -1;
    let ownAddress = '';
    function end(failure: string, greeting?: Greeting): void {
      clearTimeout(timer);
      if (options.isReset === true) socket.resetAndDestroy();
      else socket.destroy();
      resolve({ failure, handshakeUs, ownAddress, ...(greeting !== undefined && { greeting }) });
    }
    const timer = setTimeout(end, options.timeoutMs, 'timeout');
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      handshakeUs = microseconds(options.from);
      ownAddress = socket.localAddress ?? '';
      if (options.isHttp === true) socket.write(REQUEST);
    });
    socket.on('data', (part: string) => {
      text += part;
      const said = options.isHttp === true ? bodyOf(text) : text;
      if (said?.includes('\n') !== true) return;
      const greeting = parseGreeting(said);
      end(greeting === undefined ? 'stranger' : '', greeting);
    });
    socket.on('end', () => {
      end('ended');
    });
    socket.on('error', (error) => {
      end(codeOf(error));
    });
  });
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: fairway\r\nConnection: close\r\n\r\n';

/** What an HTTP answer holds; its first line where that is an error; undefined while it is not whole. */
function bodyOf(answer: string): string | undefined {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  return /^HTTP\/1\.\d 200 /.test(answer) ? answer.slice(end + 4) : answer.slice(0, end);
}

/** At a pace: every attempt's time and end. Resolves when the last has ended. */
export async function runConnect(spec: SpecOf<'connect'>): Promise<ConnectResult> {
  const attempts = attemptList();
  const dialled: Dialled[] = [];
  const running: Promise<void>[] = [];
  const latestMs = await openLoop(spec, ({ atMs, from }, index) => {
    const { timeoutMs, isHttp } = spec;
    const one = dial(targetFor(spec.targets, index), { timeoutMs, from, isHttp });
    running.push(
      one.then((result) => {
        attempts.add(atMs, from, result.failure);
        dialled.push(result);
      }),
    );
  });
  await Promise.all(running);
  const greetings = dialled.flatMap(({ greeting }) => (greeting === undefined ? [] : [greeting]));
  return {
    kind: 'connect',
    ...attempts.columns,
    latestMs,
    handshakeUs: dialled.map(({ handshakeUs }) => handshakeUs),
    servers: tally(greetings.map(({ server }) => server)),
    seenAs: tally(greetings.map(({ client }) => client)),
    ownAddresses: tally(dialled.map(({ ownAddress }) => ownAddress).filter((own) => own !== '')),
  };
}

/**
 * As many as there can be. Each is ended by a reset: connections that were closed in order would
 * keep their ports for a minute, and those run out in seconds.
 */
export async function runConnections(spec: SpecOf<'connections'>): Promise<RateResult> {
  const { timeoutMs } = spec;
  const done = await closedLoop(spec, async (index) => {
    const from = performance.now();
    const { failure } = await dial(targetFor(spec.targets, index), {
      timeoutMs,
      from,
      isReset: true,
    });
    return failure === '';
  });
  return { kind: 'connections', ...done };
}
