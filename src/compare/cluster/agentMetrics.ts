/** The sum of all samples of a metric in Prometheus' text format; NaN where there is none. */
export function gauge(text: string, name: string): number {
  const values = text.split('\n').flatMap((line) => {
    const [, found, value] = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/.exec(line) ?? [];
    return found === name ? [Number(value)] : [];
  });
  return values.length === 0 ? NaN : values.reduce((a, b) => a + b, 0);
}
