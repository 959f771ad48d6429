/** What the guest says to the host beside what the host prints. */

const PROGRESS = /^guest: (.* after [\d.]+ s)$/;

/** A line that says which test has ended, and after what time. */
export function printProgress(test: string, ms: number): string {
  return `guest: ${test.replaceAll('\n', ' ')} after ${(ms / 1000).toFixed(1)} s`;
}

/** What such a line says; undefined for any other. */
export function parseProgress(line: string): string | undefined {
  return PROGRESS.exec(line)?.[1];
}
