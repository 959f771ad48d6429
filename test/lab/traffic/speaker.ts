/**
 * A speaker: the one long-lived process that a member of the lab runs in its namespace. It serves
 * and dials as the lab asks on standard input, and ends when that is closed.
 * Argument: the member's name.
 */
import { createInterface } from 'node:readline';
import { dial } from './dial.ts';
import type { Ask, Request, Response } from './messages.ts';
import { serve } from './serve.ts';

const member = process.argv[2] ?? 'nameless';
let stays = false;

async function carryOut(ask: Ask): Promise<Omit<Response, 'id'>> {
  switch (ask.op) {
    case 'listen':
      for (const at of ask.at) await serve(member, ask.protocol, at);
      return {};
    case 'dial':
      return { outcomes: [...(await dial(ask))] };
    case 'fetch': {
      const response = await fetch(ask.url);
      return { http: { status: response.status, body: await response.text() } };
    }
    case 'stay':
      stays = true;
      return {};
  }
}

function answer(id: number, response: Omit<Response, 'id'>): void {
  process.stdout.write(JSON.stringify({ id, ...response }) + '\n');
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  // The lab on the other end is of the same checkout, so its requests have this type.
  const { id, ask } = JSON.parse(line) as Request;
  carryOut(ask).then(
    (response) => {
      answer(id, response);
    },
    (error: unknown) => {
      answer(id, { failure: String(error) });
    },
  );
});
lines.on('close', () => {
  if (!stays) process.exit(0);
});
// Ctrl-C reaches the whole process group; the lab decides when its speakers end.
process.on('SIGINT', () => undefined);
