/** Prints test events as one line per file; failures in full and the slowest files at the end. */
import { relative, resolve } from 'node:path';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Reporter {
  passed(event: EventData.TestPass): void;
  failed(event: EventData.TestFail): void;
  /** What a test file printed; shown only if the file fails. */
  printed(event: { readonly file?: string | undefined; readonly message: string }): void;
  /** The tests of a file have ended, or without `file` those of the run. */
  finished(event: EventData.TestSummary): void;
  /** Print what is left to say. */
  end(): Totals;
}

type Result = EventData.TestPass | EventData.TestFail;

interface FileResult {
  passed: number;
  ms: number;
  readonly failures: string[];
  readonly skipped: string[];
  output: string;
}

const SLOWEST = 5;
const NODE_INTERNAL_FRAME = /\n +at [^\n]*\(?node:[^\n]*/gu;

/** A reporter that prints with `print`, some lines at a time; paths are relative to `root`. */
export function createReporter(print: (lines: string) => void, root: string): Reporter {
  const results = new Map<string, FileResult>();

  function pathOf({ file }: { readonly file?: string | undefined }): string {
    return file === undefined ? '(no file)' : relative(root, file);
  }

  function resultOf(event: { readonly file?: string | undefined }): FileResult {
    const path = pathOf(event);
    const result = results.get(path) ?? newResult();
    results.set(path, result);
    return result;
  }

  return {
    passed(event) {
      const result = resultOf(event);
      // The runner says that a file as a whole passed only when there was no test in it.
      if (isAboutFile(event)) result.failures.push(`✖ ${pathOf(event)} has no test in it`);
      else if (event.skip !== undefined || event.todo !== undefined)
        result.skipped.push(describeSkipped(event));
      else if (event.details.type !== 'suite') result.passed += 1;
    },
    failed(event) {
      // A suite fails because a test in it did, and that one tells why.
      if (failureType(event) === 'subtestsFailed') return;
      const result = resultOf(event);
      if (event.todo === undefined) result.failures.push(describeFailure(event, pathOf(event)));
      else result.skipped.push(describeSkipped(event));
    },
    printed(event) {
      resultOf(event).output += event.message;
    },
    finished(event) {
      if (event.file === undefined) return;
      const result = resultOf(event);
      result.ms = event.duration_ms;
      print(describeFile(pathOf(event), result));
    },
    end() {
      for (const [file, result] of results) {
        if (result.failures.length > 0) print(describeFailures(file, result));
      }
      const bySlowness = [...results].toSorted(([, a], [, b]) => b.ms - a.ms).slice(0, SLOWEST);
      print(`slowest: ${bySlowness.map(([file, { ms }]) => `${file} ${seconds(ms)}`).join(', ')}`);
      return addUp([...results.values()]);
    },
  };
}

function newResult(): FileResult {
  return { passed: 0, ms: 0, failures: [], skipped: [], output: '' };
}

function addUp(results: readonly FileResult[]): Totals {
  const sum = (count: (result: FileResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failures }) => failures.length),
    skipped: sum(({ skipped }) => skipped.length),
  };
}

function describeFile(file: string, { passed, ms, failures, skipped }: FileResult): string {
  const failed = failures.length > 0 ? `, ${failures.length} failed` : '';
  const line = `${failed === '' ? '✔' : '✖'} ${file}: ${passed} passed${failed}, ${seconds(ms)}`;
  return [line, ...skipped].join('\n');
}

function describeSkipped({ name, skip, todo }: Result): string {
  const [word, reason] = skip === undefined ? ['to do', todo] : ['skipped', skip];
  return `    ${word}: ${name} (${typeof reason === 'string' ? reason : 'no reason given'})`;
}

function describeFailures(file: string, { failures, output }: FileResult): string {
  const printed = output === '' ? [] : [`✖ ${file} printed:`, indent(output)];
  return ['', ...failures, ...printed].join('\n');
}

function describeFailure(event: EventData.TestFail, path: string): string {
  const { cause } = event.details.error;
  if (isAboutFile(event)) return `✖ ${path} failed as a whole: ${String(cause)}`;
  const isAssertion = cause instanceof Error && 'code' in cause && cause.code === 'ERR_ASSERTION';
  const text = isAssertion ? (cause.stack ?? cause.message) : inspect(cause, { depth: 8 });
  return `✖ ${path}:${event.line ?? 0} ${event.name}\n${indent(text.replaceAll(NODE_INTERNAL_FRAME, ''))}`;
}

/** Such an event has the file's path as its name. */
function isAboutFile({ name, file }: Result): boolean {
  return file !== undefined && resolve(name) === file;
}

function failureType({ details }: EventData.TestFail): unknown {
  return 'failureType' in details.error ? details.error.failureType : undefined;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gmu, '    ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
