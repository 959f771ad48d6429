import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import { textAnswer } from '../../../src/serve/answer.ts';
import { pathsOf, route } from '../../../src/serve/routes.ts';
import type { Handler } from '../../../src/serve/routes.ts';

const ROUTES = new Map([
  ['GET /here', () => textAnswer(200, 'yes')],
  ['PUT /there', () => textAnswer(200, 'put')],
]);

const NEVER = new AbortController().signal;

function request(method: string, url: string) {
  return Object.assign(Readable.from([]), { method, url, headers: { accept: 'text/plain' } });
}

const REQUESTS: readonly (readonly [string, string, number])[] = [
  ['GET', '/here', 200],
  ['HEAD', '/here', 200],
  ['GET', '/here?verbose', 200],
  ['POST', '/here', 405],
  ['DELETE', '/here', 405],
  ['GET', '/', 404],
  ['GET', '/here/', 404],
  ['GET', '/there', 405],
  ['PUT', '/there', 200],
  ['GET', '/elsewhere', 404],
  ['GET', '//here', 404],
  ['GET', '/__proto__', 404],
  ['GET', 'constructor', 404],
  ['POST', '/elsewhere', 404],
  ['', '/here', 405],
];

for (const [method, url, status] of REQUESTS) {
  test(`${method} ${url} is ${String(status)}`, async () => {
    const answer = await route(ROUTES, request(method, url), NEVER);
    assert.equal(answer.status, status);
    const allowed = url === '/there' ? 'PUT' : 'GET, HEAD';
    assert.equal(answer.headers['Allow'], status === 405 ? allowed : undefined);
  });
}

test('a handler is told the query, what is accepted, and the body', async () => {
  const told: unknown[] = [];
  const handler: Handler = async ({ query, accept, text }) => {
    told.push(query.get('seconds'), accept, await text(5));
    return textAnswer(200, '');
  };
  const { headers } = request('', '');
  const body = Readable.from([Buffer.from('fi'), Buffer.from('ve!')]);
  const asked = Object.assign(body, { method: 'PUT', url: '/x?seconds=3&seconds=4', headers });
  await route(new Map([['PUT /x', handler]]), asked, NEVER);
  assert.deepEqual(told, ['3', 'text/plain', 'five!']);
});

test('a body that is too long is refused', async () => {
  const handler: Handler = async ({ text }) => textAnswer(200, await text(4));
  const body = Readable.from([Buffer.from('five!')]);
  const asked = Object.assign(body, { method: 'PUT', url: '/x', headers: {} });
  await assert.rejects(async () => route(new Map([['PUT /x', handler]]), asked, NEVER), RangeError);
});

test('paths are listed once, in order', () => {
  const routes = new Map([...ROUTES, ['DELETE /here', () => textAnswer(200, '')] as const]);
  assert.deepEqual(pathsOf(routes), ['/here', '/there']);
});
