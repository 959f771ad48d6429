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

/** Milliseconds of a Go duration such as `1m30s` or `500ms`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
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
