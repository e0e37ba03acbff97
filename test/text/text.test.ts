/** Columns of a terminal: what is wide counts as two, what is not seen as none. */
import { describe, expect, it } from 'vitest';
import type { TableColumn } from '../../src/text/formats/table-format.js';
import { TERMINAL } from '../../src/text/formats/terminal.js';
import { displayWidth, listed, padEnd, shortened, wrapText } from '../../src/text/text.js';

describe('the width of a text', () => {
  it.each([
    ['reports/freihand-a', 18],
    ['手の結果', 8],
    ['손', 2],
    ['e\u0301tude', 5],
    ['\u001b[1mbold\u001b[0m', 4],
    ['👋🏽', 2],
    ['▸ a → b ↓ ≠ …', 13],
    ['', 0],
  ])('of %j is %d columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('is what a column is filled up to', () => {
    expect(padEnd('手', 4)).toBe('手  ');
    expect(padEnd('hand', 4)).toBe('hand');
    expect(padEnd('hands', 4)).toBe('hands');
  });
});

describe('a text cut to a width', () => {
  it('keeps both ends', () => {
    expect(shortened('abcdefghij', 10)).toBe('abcdefghij');
    expect(shortened('abcdefghijk', 10)).toBe('abc…fghijk');
  });

  it('cuts no character in half, and is never wider', () => {
    expect(shortened('結果結果結果', 12)).toBe('結果結果結果');
    expect(shortened('結果結果結果', 11)).toBe('結果…果結果');
    expect(shortened('結果結果結果', 10)).toBe('結…果結果');
    expect(shortened('ab👋🏽cdefghijkl', 9)).toBe('ab…hijkl');
  });

  it('is wrapped by what is seen', () => {
    expect(wrapText('結果 結果 結果', 9)).toEqual(['結果 結果', '結果']);
    expect(wrapText('\u001b[1mab\u001b[0m cd', 5)).toHaveLength(1);
  });
});

describe('names in a sentence', () => {
  it('have a comma between all but the last two', () => {
    expect(listed([])).toBe('');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b'])).toBe('a and b');
    expect(listed(['a', 'b', 'c'], 'or')).toBe('a, b or c');
  });
});

describe('a table in a terminal', () => {
  const columns: TableColumn[] = [
    { key: 'name', title: 'name', align: 'left' },
    { key: 'value', title: 'value', align: 'right' },
  ];
  const rowsOf = (names: readonly string[]) => names.map((name) => [{ text: name }, { text: '1.00' }]);

  it('has its numbers below each other whatever the names are written in', () => {
    const table = TERMINAL.render(columns, rowsOf(['hamba', '手の再構成', 'café']), {
      colour: false,
      width: 80,
    });
    expect(table.split('\n')).toEqual([
      'name        value',
      'hamba        1.00',
      '手の再構成   1.00',
      'café         1.00',
    ]);
  });

  it('stays within its width where names are wide', () => {
    const table = TERMINAL.render(columns, rowsOf(['手'.repeat(60), 'a']), { colour: false, width: 40 });
    const widths = table.split('\n').map((line) => displayWidth(line));
    expect(Math.max(...widths)).toBeLessThanOrEqual(40);
    expect(table).toContain('…');
  });
});
