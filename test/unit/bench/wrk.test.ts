import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from '../../bench/wrk.ts';

const OUTPUT = `Running 3s test @ http://10.96.0.1:80/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.10ms    0.61ms  12.30ms   81.20%
  38814 requests in 3.00s, 2.85MB read
Requests/sec:  12938.50
Transfer/sec:      0.95MB
`;

test('the rate', () => {
  assert.equal(parseWrk(OUTPUT), 12938.5);
});

for (const trouble of [
  '  Socket errors: connect 0, read 3, write 0, timeout 0',
  '  Non-2xx or 3xx responses: 12',
]) {
  test(`no rate but an error: ${trouble.trim()}`, () => {
    const output = OUTPUT.replace('Requests/sec', `${trouble}\nRequests/sec`);
    assert.throws(() => parseWrk(output), { message: new RegExp(trouble.trim()) });
  });
}

test('what is no output of wrk is shown', () => {
  assert.throws(() => parseWrk('unable to connect'), /unable to connect/);
});
