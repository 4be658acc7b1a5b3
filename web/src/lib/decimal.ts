// Decimals as the API writes them: text outside, whole numbers of 10^-8 inside. No floating point
// touches money; a number is made of them for pixels only (toNumber).

export type Units = bigint;
export const ONE: Units = 100_000_000n;
const DIGITS = 8;

/** Reads "12", "0.5", ".5" or "1,5"-free text exactly. Null: malformed, finer than 10^-8 or beyond 10^18 units. */
export function parse(text: string): Units | null {
  const match = /^(\d{0,12})(?:\.(\d{0,8}))?$/.exec(text.trim());
  if (!match || (!match[1] && !match[2])) return null;
  return BigInt(match[1] || '0') * ONE + BigInt((match[2] ?? '').padEnd(DIGITS, '0'));
}

/** Of a text the API wrote, which may be signed; 0 where it is null. */
export function units(text: string | null | undefined): Units {
  if (!text) return 0n;
  const isNegative = text.startsWith('-');
  const value = parse(isNegative ? text.slice(1) : text) ?? 0n;
  return isNegative ? -value : value;
}

/** The shortest exact text with at least `digits` decimals. */
export function format(value: Units, digits = 0): string {
  const sign = value < 0n ? '-' : '';
  const size = value < 0n ? -value : value;
  let fraction = (size % ONE).toString().padStart(DIGITS, '0').replace(/0+$/, '');
  fraction = fraction.padEnd(digits, '0');
  return `${sign}${size / ONE}${fraction ? `.${fraction}` : ''}`;
}

/** At most `digits` decimals, cut towards zero: what is shown is never more than what is there. */
export function cut(value: Units, digits: number): string {
  const step = 10n ** BigInt(DIGITS - digits);
  return format((value / step) * step, digits);
}

export function multiply(a: Units, b: Units, round: 'down' | 'up' = 'down'): Units {
  const product = a * b;
  const down = product / ONE;
  return round === 'up' && product % ONE !== 0n ? down + 1n : down;
}

/** The sum of two texts of the API. */
export const add = (a: string, b: string): Units => units(a) + units(b);

/** 0 where `b` is 0. */
export function divide(a: Units, b: Units): Units {
  return b === 0n ? 0n : (a * ONE) / b;
}

export function floorTo(value: Units, step: Units): Units {
  return step <= 0n ? value : value - (value % step);
}

export function isMultiple(value: Units, step: Units): boolean {
  return step <= 0n || value % step === 0n;
}

/** How many decimals a tick or lot size has: "0.01000000" has 2. */
export function digitsOf(step: string): number {
  const value = units(step);
  let digits = DIGITS;
  for (let size = value; digits > 0 && size % 10n === 0n; size /= 10n) --digits;
  return value === 0n ? 0 : digits;
}

/** For pixels and colours only. */
export function toNumber(text: string | null | undefined): number {
  return text ? Number(text) : 0;
}

/** 1234567.89 as 1,234,567.89. */
export function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const withCommas = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? withCommas : `${withCommas}.${fraction}`;
}

/** A change in percent with two decimals and its sign; empty without a beginning. */
export function percentChange(from: string | null, to: string | null): string {
  const begin = units(from);
  if (begin === 0n || to === null) return '';
  const change = ((units(to) - begin) * 10_000n) / begin; // hundredths of a percent
  const sign = change < 0n ? '-' : '+';
  const size = change < 0n ? -change : change;
  return `${sign}${size / 100n}.${(size % 100n).toString().padStart(2, '0')}%`;
}
