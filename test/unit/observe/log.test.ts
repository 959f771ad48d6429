import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

import { createLog, levelOf } from '../../../src/observe/log.ts';
import type { AdjustableLog, Fields, LogOptions } from '../../../src/observe/log.ts';

const TIME = new Date('2026-03-04T05:06:07.089Z');

interface Setting extends Partial<Pick<LogOptions, 'format' | 'level'>> {
  readonly isTTY?: boolean;
  readonly hasColors?: boolean;
}

async function written(setting: Setting, use: (log: AdjustableLog) => void): Promise<string> {
  const { format = 'text', level = 'info', isTTY = false, hasColors = isTTY } = setting;
  const stream = Object.assign(new PassThrough(), { isTTY, hasColors: () => hasColors });
  const log = createLog({ format, level, stream, now: () => TIME });
  use(log);
  await log.close();
  stream.end();
  return text(stream);
}

test('text for a pipe has the full time, the level, the message and its fields, uncoloured', async () => {
  const output = await written({}, (log) => {
    log.info('synced', { services: 3, isFull: true, nothing: null, left: undefined });
    log.warn('kernel refused the plan');
  });
  assert.equal(
    output,
    '2026-03-04T05:06:07.089Z INFO  synced                            ' +
      'services=3 isFull=true nothing=null\n' +
      '2026-03-04T05:06:07.089Z WARN  kernel refused the plan\n',
  );
});

test('text for a terminal has the time of day and colours', async () => {
  const output = await written({ isTTY: true }, (log) => {
    log.error('failed', { kind: 'busy' });
  });
  assert.match(output, /05:06:07\.089/);
  assert.doesNotMatch(output, /2026/);
  assert.ok(output.includes('\u001b[31mERROR\u001b[39m'), output);
  assert.ok(output.includes('\u001b[2mkind=busy\u001b[22m'), output);
});

test('text for a terminal without colours has none', async () => {
  const output = await written({ isTTY: true, hasColors: false }, (log) => {
    log.error('failed', { kind: 'busy' });
  });
  assert.equal(output, `05:06:07.089 ERROR failed${' '.repeat(28)}kind=busy\n`);
});

test('JSON lines hold ts, level and msg first, then the fields', async () => {
  const output = await written({ format: 'json' }, (log) => {
    log.info('synced', { ms: 1.5, name: 'default/web', gone: undefined });
  });
  assert.equal(
    output,
    '{"ts":"2026-03-04T05:06:07.089Z","level":"info","msg":"synced","ms":1.5,"name":"default/web"}\n',
  );
});

test('a field cannot replace ts, level, msg or message', async () => {
  const fields = { ts: 'x', level: 'y', msg: 'z', message: 'm' };
  const output = await written({ format: 'json' }, (log) => {
    log.error('told', fields);
  });
  assert.deepEqual(JSON.parse(output), {
    ts: TIME.toISOString(),
    level: 'error',
    msg: 'told',
    message: 'm',
  });
});

const LEVELS = [
  { level: 'info', expected: ['error', 'warn', 'info'] },
  { level: 'debug', expected: ['error', 'warn', 'info', 'debug'] },
] as const;

for (const { level, expected } of LEVELS) {
  test(`level ${level} writes ${expected.join(', ')}`, async () => {
    const output = await written({ format: 'json', level }, (log) => {
      for (const each of ['error', 'warn', 'info', 'debug'] as const) log[each]('said');
    });
    const levels = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string });
    assert.deepEqual(
      levels.map((line) => line.level),
      expected,
    );
  });
}

const VALUES: readonly { title: string; value: Fields[string]; printed: string }[] = [
  { title: 'a plain word', value: 'default/web:http/TCP', printed: 'v=default/web:http/TCP' },
  { title: 'an empty string', value: '', printed: 'v=""' },
  { title: 'spaces', value: 'a b', printed: 'v="a b"' },
  { title: 'an equals sign', value: 'a=b', printed: 'v="a=b"' },
  { title: 'a quote', value: 'a"b', printed: 'v="a\\"b"' },
  { title: 'a newline', value: 'a\nINFO fake', printed: 'v="a\\nINFO fake"' },
  { title: 'an escape sequence', value: '\u001b[2J', printed: 'v=\\u001b[2J' },
  { title: 'a C1 control', value: 'a\u009bb', printed: 'v=a\\u009bb' },
  { title: 'a line separator', value: 'a\u2028b', printed: 'v="a\\u2028b"' },
  { title: 'a bidirectional override', value: 'a\u202eb', printed: 'v=a\\u202eb' },
];

for (const { title, value, printed } of VALUES) {
  test(`a text value with ${title} is unambiguous and stays on its line`, async () => {
    const line = await written({}, (log) => {
      log.info('m', { v: value });
    });
    assert.equal(line.slice(line.indexOf('v=')), `${printed}\n`);
  });

  test(`a JSON value with ${title} survives and stays on its line`, async () => {
    const line = await written({ format: 'json' }, (log) => {
      log.info('m', { v: value });
    });
    assert.match(line, /^[\u0020-\u007e]+\n$/);
    assert.equal((JSON.parse(line) as Fields)['v'], value);
  });
}

for (const format of ['text', 'json'] as const) {
  test(`a message with a newline is one ${format} line`, async () => {
    const output = await written({ format }, (log) => {
      log.error('first\nsecond\u001b[0m');
    });
    assert.equal(output.split('\n').length, 2);
    assert.ok(!output.includes('\u001b'));
  });
}

test('how much is written may change while it runs', async () => {
  const output = await written({ format: 'json' }, (log) => {
    log.debug('unheard');
    log.setVerbosity(4);
    log.debug('heard');
    log.setVerbosity(3);
    log.debug('unheard again');
    log.info('still heard');
  });
  const messages = output.trim().split('\n');
  assert.deepEqual(
    messages.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['heard', 'still heard'],
  );
});

test('debug messages begin at verbosity 4', () => {
  assert.deepEqual([0, 3, 4, 10].map(levelOf), ['info', 'info', 'debug', 'debug']);
});
