/** The number that `text` is in decimal digits, if it lies within the limits. */
export function parseInteger(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  return within(Number(text), least, most);
}

const DIGITS: readonly (readonly [RegExp, number])[] = [
  [/^0[xX]([0-9a-fA-F]{1,8})$/, 16],
  [/^0[bB]([01]{1,32})$/, 2],
  // A leading zero alone means octal, too.
  [/^0[oO]?([0-7]{1,11})$/, 8],
  [/^(\d{1,10})$/, 10],
];

/** The same with a sign, and as Go's flags read integers: 0x10, 0o17 and 017 are numbers. */
export function parseGoInteger(text: string, least: number, most: number): number | undefined {
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  for (const [pattern, base] of DIGITS) {
    const digits = pattern.exec(unsigned)?.[1];
    // Not a product: that would make -0 of "-0".
    if (digits !== undefined) {
      const count = parseInt(digits, base);
      return within(sign === '-' ? 0 - count : count, least, most);
    }
  }
  return undefined;
}

function within(number: number, least: number, most: number): number | undefined {
  return number >= least && number <= most ? number : undefined;
}
