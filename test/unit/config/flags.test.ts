import assert from 'node:assert/strict';
import { test } from 'node:test';

import { z } from 'zod';

import {
  FIELDS_WITHOUT_FLAG,
  FLAGS,
  flagDescription,
  flagSyntax,
  printFlagsTable,
} from '../../../src/config/flags.ts';
import { configSchema } from '../../../src/config/schema.ts';

/** Paths of all fields that are not themselves objects. */
function leaves(schema: z.ZodObject, prefix = ''): string[] {
  return Object.entries(schema.shape).flatMap(([key, field]) =>
    field instanceof z.ZodObject ? leaves(field, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

test('every field of Config has exactly one flag, or is known to have none', () => {
  const paths = FLAGS.flatMap(({ path }) => path ?? []);
  assert.deepEqual([...paths, ...FIELDS_WITHOUT_FLAG.keys()].sort(), leaves(configSchema).sort());
});

test('every flag has a name of its own and a description on one line', () => {
  assert.equal(new Set(FLAGS.map(({ name }) => name)).size, FLAGS.length);
  for (const flag of FLAGS) assert.match(flagDescription(flag), /^[A-Zk][^\n|]+[^.]$/);
});

test('a flag whose field is not in the schema is an error', () => {
  const [flag] = FLAGS;
  assert.ok(flag);
  assert.throws(() => flagDescription({ ...flag, path: 'iptables.nothing' }), /iptables\.nothing/);
});

const SYNTAX: readonly (readonly [string, string])[] = [
  ['kubeconfig', '--kubeconfig <file>'],
  ['masquerade-all', '--masquerade-all [boolean]'],
  ['v', '-v, --v <level>'],
];

for (const [name, expected] of SYNTAX) {
  test(`commander reads ${expected}`, () => {
    const flag = FLAGS.find((each) => each.name === name);
    assert.ok(flag);
    assert.equal(flagSyntax(flag), expected);
  });
}

test('the table for the README has one row per flag', () => {
  const table = printFlagsTable();
  for (const { name } of FLAGS) assert.equal(table.split(`--${name}=`).length, 2, name);
  assert.ok(
    table.includes('| `--iptables-masquerade-bit=bit` | `14` | Bit of the packet mark'),
    table,
  );
});
