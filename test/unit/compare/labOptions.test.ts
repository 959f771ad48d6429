import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODES } from '../../../src/backends/backend.ts';
import { labFaults } from '../../compare/faults.ts';
import { parseLines, printAsLines } from '../../compare/inVm.ts';
import { FAULT_IDS, parseOptions } from '../../compare/options.ts';
import { availableSubjects } from '../../compare/subjects.ts';
import { madeUpComparison } from './madeUp.ts';

test('the defaults, a quick one, and choices', () => {
  const full = parseOptions([]);
  assert.deepEqual([full?.effort.sizes, full?.where], [[0, 1000, 10_000], 'here']);
  const quick = parseOptions(['--quick', '--rounds', '4', '--faults=none', '--vm']);
  assert.deepEqual([quick?.effort.rounds, quick?.faults, quick?.where], [4, [], 'guest']);
  assert.equal(parseOptions(['-h']), undefined);
});

for (const argv of [
  ['--rounds', '0'],
  ['--seconds', 'x'],
  ['--paths', 'pod,moon'],
  ['--faults', 'flood'],
  ['--services', '0,-1'],
  ['--loads', ''],
]) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => parseOptions(argv), /expected .*found/);
  });
}

test('every mode that there is can be compared, with no line of code for it', () => {
  const { subjects, absent } = availableSubjects();
  const ids = [...subjects, ...absent].map(({ id }) => id.replace(/-(?:nft|legacy)$/, ''));
  assert.deepEqual([...new Set(ids)].sort(), ['direct', ...MODES].sort());
  assert.throws(() => availableSubjects(['ebpf']), /--modes: expected of direct, .*found ebpf/);
  assert.deepEqual(
    availableSubjects(['userspace']).subjects.map(({ id }) => id),
    ['direct', 'userspace'],
  );
});

test('the faults that can be asked for are those that the lab has', () => {
  const tools = { lab: {} as never, servers: new Map(), put: () => Promise.resolve() };
  assert.deepEqual(
    labFaults(tools).map(({ id }) => id),
    FAULT_IDS,
  );
});

test('a report comes through a console line by line, whatever else is printed', () => {
  const comparison = madeUpComparison();
  const lines = printAsLines(comparison);
  assert.ok(lines.length > 1);
  assert.deepEqual(parseLines(['booting', ...lines, '| a table |']), comparison);
  assert.throws(() => parseLines(['booting']), /no report/);
  assert.throws(() => parseLines(lines.slice(1)));
});
