import { expect, it } from 'vitest';
import { toCsv } from '../src/lib/csv';

it('quotes what needs it and ends lines as RFC 4180 says', () => {
  expect(toCsv(['a', 'b'], [['x,y', 'say "hi"'], ['line\nbreak', null]])).toBe('a,b\r\n"x,y","say ""hi"""\r\n"line\nbreak",\r\n');
});
it('gives a spreadsheet no formula to run, but leaves negative numbers alone', () => {
  expect(toCsv(['a'], [['=1+1'], ['@cmd'], ['-0.5'], ['-cmd'], ['+7']])).toBe("a\r\n'=1+1\r\n'@cmd\r\n-0.5\r\n'-cmd\r\n'+7\r\n");
});
