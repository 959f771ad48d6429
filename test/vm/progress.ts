/** What the guest says of each test that has ended, so that the host knows how far it came. */

const LONGEST_NAME = 70;
const PROGRESS = /^ {2}(.* after [\d.]+ s)$/;

/** A line that says which test has ended, and after what time. */
export function printProgress(test: string, ms: number): string {
  const name = test.replaceAll('\n', ' ').slice(0, LONGEST_NAME);
  return `  ${name} after ${(ms / 1000).toFixed(1)} s`;
}

/** What such a line says; undefined for any other. */
export function parseProgress(line: string): string | undefined {
  return PROGRESS.exec(line)?.[1];
}
