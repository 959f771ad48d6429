import assert from 'node:assert/strict';
import { test } from 'node:test';

import { textAnswer } from '../../../src/serve/answer.ts';
import { route } from '../../../src/serve/routes.ts';

const ROUTES = new Map([['/here', () => textAnswer(200, 'yes')]]);

const REQUESTS: readonly (readonly [string, string, number])[] = [
  ['GET', '/here', 200],
  ['HEAD', '/here', 200],
  ['GET', '/here?verbose', 200],
  ['POST', '/here', 405],
  ['DELETE', '/here', 405],
  ['GET', '/', 404],
  ['GET', '/here/', 404],
  ['GET', '/there', 404],
  ['GET', '//here', 404],
  ['GET', '/__proto__', 404],
  ['GET', 'constructor', 404],
  ['POST', '/there', 404],
];

for (const [method, url, status] of REQUESTS) {
  test(`${method} ${url} is ${String(status)}`, async () => {
    const answer = await route(ROUTES, { method, url });
    assert.equal(answer.status, status);
    assert.equal(answer.headers['Allow'], status === 405 ? 'GET, HEAD' : undefined);
  });
}
