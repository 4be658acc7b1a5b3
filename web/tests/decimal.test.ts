import { describe, expect, it } from 'vitest';
import { cut, digitsOf, divide, floorTo, format, grouped, isMultiple, multiply, parse, percentChange, units } from '../src/lib/decimal';

describe('decimals', () => {
  it('reads what people type, exactly or not at all', () => {
    expect(parse('0.1')).toBe(10_000_000n);
    expect(parse(' .5 ')).toBe(50_000_000n);
    expect(parse('123456789012.12345678')).toBe(12_345_678_901_212_345_678n);
    for (const bad of ['', '.', '1e3', '-1', '+1', '1,5', '0x10', '1.123456789', '1234567890123', 'NaN', 'Infinity', '1 2']) expect(parse(bad), bad).toBeNull();
  });
  it('writes the shortest exact text', () => {
    expect(format(units('60000.00'))).toBe('60000');
    expect(format(units('60000.00'), 2)).toBe('60000.00');
    expect(format(units('-0.00000001'))).toBe('-0.00000001');
    for (const text of ['0', '1', '0.1', '999999999999.99999999']) expect(format(parse(text)!)).toBe(text);
  });
  it('never shows more than there is', () => {
    expect(cut(units('1.999'), 2)).toBe('1.99');
    expect(cut(units('0.009'), 2)).toBe('0.00');
  });
  it('rounds products the way it is told, and sums without error', () => {
    expect(multiply(units('0.1'), units('0.2'))).toBe(units('0.02'));
    expect(multiply(1n, 1n)).toBe(0n);
    expect(multiply(1n, 1n, 'up')).toBe(1n);
    expect(divide(units('1'), 0n)).toBe(0n);
    expect(divide(units('1'), units('4'))).toBe(units('0.25'));
  });
  it('keeps to ticks and lots', () => {
    expect(floorTo(units('1.23456'), units('0.01'))).toBe(units('1.23'));
    expect(isMultiple(units('0.3'), units('0.1'))).toBe(true);
    expect(isMultiple(units('0.35'), units('0.1'))).toBe(false);
    expect([digitsOf('0.01000000'), digitsOf('1'), digitsOf('10'), digitsOf('0.00000001')]).toEqual([2, 0, 0, 8]);
  });
  it('shows changes and thousands', () => {
    expect(percentChange('100', '101.5')).toBe('+1.50%');
    expect(percentChange('100', '99.99')).toBe('-0.01%');
    expect(percentChange('0', '1')).toBe('');
    expect(percentChange(null, '1')).toBe('');
    expect(grouped('1234567.89')).toBe('1,234,567.89');
    expect(grouped('999')).toBe('999');
  });
});
