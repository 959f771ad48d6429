/** Clients: one connection or one datagram, and how it ended. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { DialAsk, Greeting, Outcome } from './messages.ts';

const AT_ONCE = 16;

type Ending =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'timeout' };

/**
 * Source ports that nobody else has: the kernel would choose at random, for each destination apart,
 * and IPVS takes two connections of one client port to one endpoint for the same, as long as it
 * remembers the first (two minutes). Servers, the agent and the kernel's own choice have others.
 */
const [FIRST_PORT, PORTS] = [11_000, 18_000];
let chosenPorts = 0;

function choosePort(): number {
  chosenPorts += 1;
  return FIRST_PORT + (chosenPorts % PORTS);
}

/** Where it is dialled from. */
function sourceOf({ sourceAddress: address, sourcePort }: DialAsk): {
  address?: string;
  port: number;
} {
  return { ...(address === undefined ? {} : { address }), port: sourcePort ?? choosePort() };
}

/** Dial as often as asked, several at a time unless they must share one source port. */
export async function dial(ask: DialAsk): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let started = 0;
  async function worker(): Promise<void> {
    while (started < ask.times) {
      started += 1;
      outcomes.push(await dialOnce(ask));
    }
  }
  const workers = ask.sourcePort === undefined ? Math.min(AT_ONCE, ask.times) : 1;
  await Promise.all(Array.from({ length: workers }, worker));
  return outcomes;
}

async function dialOnce(ask: DialAsk): Promise<Outcome> {
  const start = performance.now();
  const ending = await (ask.protocol === 'TCP' ? dialTcp(ask) : dialUdp(ask));
  const ms = Math.round(performance.now() - start);
  if (ending.kind === 'timeout') return { kind: 'silence', ms };
  if (ending.kind === 'text') {
    return {
      kind: 'answer',
      ms,
      greeting: parseGreeting(ending.text),
    };
  }
  return ending.code === 'ECONNREFUSED'
    ? { kind: 'refused', ms }
    : { kind: 'error', ms, code: ending.code };
}

function dialTcp(ask: DialAsk): Promise<Ending> {
  return new Promise((resolve) => {
    const { address: localAddress, port: localPort } = sourceOf(ask);
    const socket = connect({
      host: ask.to.address,
      port: ask.to.port,
      ...(localAddress === undefined ? {} : { localAddress }),
      localPort,
    });
    let text = '';
    function end(ending: Ending): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(ending);
    }
    const timer = setTimeout(end, ask.timeoutMs, { kind: 'timeout' });
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (text += part));
    socket.on('end', () => {
      end({ kind: 'text', text });
    });
    socket.on('error', (error) => {
      end({ kind: 'error', code: codeOf(error) });
    });
  });
}

function dialUdp(ask: DialAsk): Promise<Ending> {
  return new Promise((resolve) => {
    const socket = createSocket(ask.to.address.includes(':') ? 'udp6' : 'udp4');
    function end(ending: Ending): void {
      clearTimeout(timer);
      socket.close();
      resolve(ending);
    }
    const timer = setTimeout(end, ask.timeoutMs, { kind: 'timeout' });
    socket.on('message', (message) => {
      end({ kind: 'text', text: message.toString() });
    });
    socket.on('error', (error) => {
      end({ kind: 'error', code: codeOf(error) });
    });
    socket.bind(sourceOf(ask), () => {
      // Connected, because only then does the kernel report an ICMP error to us.
      socket.connect(ask.to.port, ask.to.address, () => {
        socket.send('who is there?');
      });
    });
  });
}

/** The body of what a server sent; checked by the lab, which gets it with the outcome. */
function parseGreeting(text: string): Greeting {
  return JSON.parse(text.slice(text.indexOf('{'))) as Greeting;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
