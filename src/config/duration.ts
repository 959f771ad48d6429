const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // Go prints the micro sign and accepts the Greek letter too.
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration such as `1m30s` or `-500ms`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const ms = parseUnsigned(unsigned);
  return ms !== undefined && sign === '-' ? 0 - ms : ms;
}

function parseUnsigned(text: string): number | undefined {
  // Go's only number without a unit.
  if (text === '0') return 0;
  let ms = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    const [whole, count = '', unit = ''] = part;
    ms += Number(count) * (UNIT_MS[unit] ?? 0);
    end += whole.length;
  }
  return end === text.length && end > 0 ? ms : undefined;
}

const NS_PER_MS = 1_000_000;

/** As Go prints a duration: `0s`, `250ms`, `1m30s`, `24h0m0s`. The inverse of parseDuration. */
export function printDuration(ms: number): string {
  if (ms < 0) return `-${printDuration(-ms)}`;
  const ns = Math.round(ms * NS_PER_MS);
  if (ns === 0) return '0s';
  if (ns < 1_000) return `${String(ns)}ns`;
  if (ns < NS_PER_MS) return `${String(ns / 1_000)}µs`;
  if (ns < 1_000 * NS_PER_MS) return `${String(ns / NS_PER_MS)}ms`;
  const seconds = ns / (1_000 * NS_PER_MS);
  const minutes = Math.floor(seconds / 60);
  const rest = `${String((ns - minutes * 60_000 * NS_PER_MS) / (1_000 * NS_PER_MS))}s`;
  if (minutes === 0) return rest;
  const hours = Math.floor(minutes / 60);
  return hours === 0
    ? `${String(minutes)}m${rest}`
    : `${String(hours)}h${String(minutes % 60)}m${rest}`;
}
