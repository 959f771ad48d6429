/** The samples of an open loop, collected in columns. */

export interface AttemptColumns {
  readonly atMs: number[];
  readonly tookUs: number[];
  readonly failures: string[];
}

export interface AttemptList {
  readonly columns: AttemptColumns;
  /** Note how one ended; '' for well. */
  add(atMs: number, from: number, failure: string): void;
}

export function attemptList(): AttemptList {
  const columns: AttemptColumns = { atMs: [], tookUs: [], failures: [] };
  return {
    columns,
    add(atMs, from, failure) {
      columns.atMs.push(Math.round(atMs * 10) / 10);
      columns.tookUs.push(microseconds(from));
      columns.failures.push(failure);
    },
  };
}

/** Since `from`, a value of performance.now(). */
export function microseconds(from: number): number {
  return Math.round((performance.now() - from) * 1000);
}

/** How often each text occurs. */
export function tally(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(texts, (text) => text)].map(([text, list]) => [text, list.length]),
  );
}

/** `ECONNREFUSED` and the like; what a Node error says where it has no code. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
