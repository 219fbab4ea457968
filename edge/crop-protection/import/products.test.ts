import { describe, expect, it } from 'vitest';
import { changesOf, readProducts } from './products.ts';

const HEADINGS =
  'trade_name,active_ingredients,dose_min,dose_max,dose_unit,phi_days,rei_hours,crops,pests,markets,max_applications,source,source_date';
const ROW =
  'Ví dụ 100EC,exampline 100 g/L,0.5,1,L/ha,7,24,thanh long | dragon fruit,kiến,EU banned,2,nhãn,2026-01-05';
const row = (told: Readonly<Record<string, string>>) => {
  const names = HEADINGS.split(',');
  const cells = ROW.split(',');
  return names.map((name, at) => `"${told[name] ?? cells[at] ?? ''}"`).join(',');
};
const bytes = (text: string) => new TextEncoder().encode(text);
const read = (...lines: string[]) => readProducts(bytes([HEADINGS, ...lines].join('\n')), '2026-11-23');
const problems = (...lines: string[]) =>
  read(...lines).problems.map(({ line, column, reason }) => [line, column, reason.key]);

/** Windows-1258, as far as the test's words need it: base letters with marks behind them. */
function windows1258(text: string): Uint8Array {
  const decoder = new TextDecoder('windows-1258');
  const byLetter = new Map(
    Array.from({ length: 256 }, (_, byte) => [decoder.decode(Uint8Array.of(byte)), byte]),
  );
  const letters = [...text.normalize('NFC')].flatMap((letter) => {
    if (byLetter.has(letter)) return [letter];
    // 'ế' is 'ê' and an acute accent there.
    const parts = [...letter.normalize('NFD')];
    const tone = parts.findIndex((part) => byLetter.has(part) && /\p{M}/u.test(part));
    return [
      parts
        .filter((_, at) => at !== tone)
        .join('')
        .normalize('NFC'),
      parts[tone] ?? '',
    ];
  });
  return Uint8Array.from(letters.map((letter) => byLetter.get(letter) ?? 63));
}

/** Letters of Latin-1 as the bytes that they are. */
const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
/** As programs show them that do not know the font. */
const IN_TCVN3 = 'Thuèc trõ s©u kiÕn ®á, s¸ch nh·n thuèc';
const IN_VNI = 'Thuoác tröø saâu kieán ñoû, saùch nhaõn thuoác';

function utf16(text: string, isBig: boolean, mark: boolean): Uint8Array {
  const little = Buffer.from(mark ? `\ufeff${text}` : text, 'utf16le');
  return isBig ? little.swap16() : little;
}

const EXPECTED = {
  tradeName: 'Ví dụ 100EC',
  ingredients: [{ name: 'exampline', content: 100, unit: 'g/L' }],
  dose: { min: 0.5, max: 1, unit: 'L/ha' },
  phiDays: 7,
  reiHours: 24,
  crops: ['thanh long', 'dragon fruit'],
  pests: ['kiến'],
  restrictions: [{ market: 'EU', ingredient: 'exampline', status: 'banned' }],
  maxApplications: 2,
  source: 'nhãn',
  sourceDate: '2026-01-05',
};

describe('a list that is right', () => {
  const text = `${HEADINGS}\r\n${ROW}\r\n`;
  it.each([
    ['UTF-8', bytes(text)],
    ['UTF-8', bytes(`\ufeff${text}`)],
    ['UTF-16LE', utf16(text, false, true)],
    ['UTF-16BE', utf16(text, true, true)],
    ['UTF-16LE', utf16(text, false, false)],
    ['windows-1258', windows1258(text)],
  ])('is read as %s', (encoding, file) => {
    const found = readProducts(file, '2026-11-23');
    expect(found).toMatchObject({ encoding, problems: [], products: [EXPECTED] });
    expect(found.notes.map(({ key }) => key)).toEqual(
      encoding === 'windows-1258' ? ['import_read_as_windows_1258'] : [],
    );
  });

  it.each([';', '\t'])('with another delimiter and decimal commas: %j', (delimiter) => {
    const other = text.replaceAll(',', delimiter).replace('0.5', '0,5');
    expect(readProducts(bytes(`sep=${delimiter}\r\n${other}`), null)).toMatchObject({
      ...{ delimiter, problems: [], products: [EXPECTED] },
    });
  });

  it('with headings in Vietnamese, in any order, and without what may be left out', () => {
    const lines = [
      'Cây trồng;Tên thương phẩm;Hoạt chất;Liều thấp nhất;Liều cao nhất;Đơn vị liều;Cách ly (ngày);Vào lại (giờ);Nguồn;Ngày của nguồn',
      'Thanh long;Ví dụ;a 1,5 % + b 2x10^9 CFU/g;10;20;mL/16 lít nước;3;12;nhãn;05/01/2026',
    ];
    expect(readProducts(bytes(lines.join('\n')), '2026-11-23')).toMatchObject({
      problems: [],
      products: [
        {
          ...{ tradeName: 'Ví dụ', pests: [], restrictions: [], sourceDate: '2026-01-05' },
          ingredients: [
            { name: 'a', content: 1.5, unit: '%' },
            { name: 'b', content: 2e9, unit: 'CFU/g' },
          ],
        },
      ],
    });
  });
});

describe('what is wrong is told with line, column and what to do, and nothing is taken', () => {
  it('all of it at once', () => {
    const found = read(
      row({ phi_days: '-3', dose_min: '2' }),
      row({ trade_name: 'B', rei_hours: 'một ngày', source_date: '30/02/2026' }),
      row({ trade_name: 'C', dose_unit: 'chai', crops: '' }),
    );
    expect(found.products).toEqual([]);
    expect(found.problems.map(({ line, column, reason }) => [line, column, reason.key])).toEqual([
      [2, 'dose_min', 'import_dose_reversed'],
      [2, 'phi_days', 'import_number_negative'],
      [3, 'rei_hours', 'import_not_a_number'],
      [3, 'source_date', 'import_not_a_date'],
      [4, 'crops', 'import_cell_empty'],
      [4, 'dose_unit', 'import_dose_unit_unknown'],
    ]);
  });

  it.each<[string, string, string]>([
    ['dose_max', '1.500', 'import_number_ambiguous'],
    ['dose_max', '5000', 'import_number_impossible'],
    ['dose_unit', 'mL', 'import_dose_unit_total'],
    ['phi_days', '400', 'import_number_impossible'],
    ['phi_days', '7.5', 'import_number_not_whole'],
    ['max_applications', '0', 'import_number_impossible'],
    ['active_ingredients', 'exampline', 'import_ingredient_unclear'],
    ['active_ingredients', 'exampline 120 %', 'import_number_impossible'],
    ['markets', 'EU maybe', 'import_market_unclear'],
    ['markets', 'QX banned', 'import_market_unknown'],
    ['source_date', '2027-01-01', 'import_date_in_future'],
    ['trade_name', 'x'.repeat(121), 'import_text_too_long'],
    ['trade_name', 'Thu\ufffdc', 'import_text_broken'],
  ])('a cell of %s that says %s: %s', (column, cell, key) => {
    expect(problems(row({ [column]: cell }))).toEqual([[2, column, key]]);
  });

  it('which of several ingredients a market does not take', () => {
    const both = 'a 1 % + b 2 %';
    expect(problems(row({ active_ingredients: both }))).toEqual([[2, 'markets', 'import_market_ingredient']]);
    expect(read(row({ active_ingredients: both, markets: 'EU no_mrl b' })).products[0]?.restrictions).toEqual(
      [{ market: 'EU', ingredient: 'b', status: 'no_mrl' }],
    );
  });

  it('columns that are missing, unknown or there twice', () => {
    const file = `${HEADINGS.replace('phi_days', 'phi_dais').replace('pests', 'crops')}\n${ROW}`;
    expect(
      readProducts(bytes(file), null).problems.map(({ column, reason }) => [column, reason.key]),
    ).toEqual([
      ['phi_dais', 'import_column_unknown'],
      ['crops', 'import_column_twice'],
      ['phi_days', 'import_column_missing'],
      [null, 'import_cell_without_heading'],
    ]);
  });

  it('a comma too many, a cell too few, quotes that do not end: by their own lines', () => {
    expect(problems(row({}), `${row({ trade_name: 'B' })},x`, 'C,a 1 %')).toEqual(
      expect.arrayContaining([
        [3, null, 'import_too_many_cells'],
        [4, null, 'import_too_few_cells'],
      ]),
    );
    expect(problems(row({}), '"B,a 1 %')).toEqual([[3, null, 'import_quotes_wrong']]);
    expect(problems(row({ crops: 'thanh long\nxoài' }), row({ trade_name: 'B', phi_days: 'x' }))).toEqual([
      [4, 'phi_days', 'import_not_a_number'],
    ]);
  });

  it('a row that says the same use twice', () => {
    expect(problems(row({}), row({ trade_name: 'VI DU 100EC', crops: 'Thanh Long' }))).toEqual([
      [3, null, 'import_row_twice'],
    ]);
    expect(problems(row({}), row({ crops: 'xoài' }), row({ pests: 'sâu' }))).toEqual([]);
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', bytes(' \r\n'), 'import_empty_file'],
    ['an Excel workbook', Uint8Array.of(0x50, 0x4b, 3, 4, 20), 'import_is_excel'],
    ['a PDF', bytes('%PDF-1.7'), 'import_is_pdf'],
    ['TCVN3', latin1(IN_TCVN3), 'import_is_tcvn3'],
    ['TCVN3 beneath headings that anybody can read', latin1(`${HEADINGS}\n${IN_TCVN3}`), 'import_is_tcvn3'],
    ['TCVN3 that was pasted into Unicode', bytes(`${HEADINGS}\n${IN_TCVN3}`), 'import_is_tcvn3'],
    ['VNI', latin1(IN_VNI), 'import_is_vni'],
    ['VNI that was pasted into Unicode', bytes(`${HEADINGS}\n${IN_VNI}`), 'import_is_vni'],
    [
      'no letters at all',
      Uint8Array.from({ length: 999 }, (_, n) => 128 + ((n * 71) % 128)),
      'import_encoding_unknown',
    ],
    [
      'half a letter of UTF-16',
      utf16(`${HEADINGS}\n${ROW}`, false, true).slice(0, -1),
      'import_encoding_unknown',
    ],
    ['another delimiter', bytes(`${HEADINGS.replaceAll(',', '|')}\n`), 'import_delimiter_wrong'],
    ['a million columns', bytes(`${HEADINGS}${',x'.repeat(1e6)}\n${ROW}`), 'import_too_many_columns'],
    ['a megabyte on one line', bytes('x'.repeat(1e6)), 'import_too_many_columns'],
    ['headings that nobody knows', bytes('a,b,c\n1,2,3'), 'import_no_headings'],
    ['headings alone', bytes(HEADINGS), 'import_no_rows'],
    [
      'more than one record should hold',
      bytes(
        `${HEADINGS}\n${Array.from({ length: 400 }, (_, n) => row({ trade_name: `P${n}`, pests: Array.from({ length: 40 }, (_, m) => `${m} ${'x'.repeat(40)}`).join('|') })).join('\n')}`,
      ),
      'import_too_large',
    ],
    [
      'far too much',
      bytes(`${HEADINGS}\n${Array.from({ length: 501 }, (_, n) => row({ trade_name: `P${n}` })).join('\n')}`),
      'import_too_many_rows',
    ],
  ])('%s', (_, file, key) => {
    expect(readProducts(file, null).problems.map(({ reason }) => reason.key)).toEqual([key]);
  });

  it('bytes that are no text, with where they stand', () => {
    expect(problems(row({}), row({ trade_name: 'B', pests: 'ki\0n' }))).toEqual([
      [3, null, 'import_not_text'],
    ]);
  });

  it('a cell that a spreadsheet would take for a formula', () => {
    const told = row({
      trade_name: "=cmd|'/c calc'!A0",
      active_ingredients: '=a 1 %',
      ...{ pests: 'kiến|+rệp', source: '@nhãn' },
    });
    expect(problems(told)).toEqual([
      [2, 'active_ingredients', 'import_cell_is_formula'],
      [2, 'trade_name', 'import_cell_is_formula'],
      [2, 'pests', 'import_cell_is_formula'],
      [2, 'source', 'import_cell_is_formula'],
    ]);
    expect(problems(row({ pests: '-' }))).toEqual([]);
  });

  it('no more of it than somebody can read', () => {
    const keys = problems('a,b\n'.repeat(100_000)).map(([, , key]) => key);
    expect(keys).toHaveLength(501);
    expect([keys[0], keys.at(-1)]).toEqual(['import_too_many_rows', 'import_more_problems']);
  });
});

it('what only looks like an old font is taken: units, foreign names, one word', () => {
  for (const told of [
    { source: 'nhãn, 10 µg/m² ± 5 °C' },
    { source: 'Señor José, à la carte' },
    { source: 'Bùi Dô' },
  ])
    expect(problems(row(told)).map(([, , key]) => key)).toEqual([]);
});

it('what a new list changes is told before it is accepted', () => {
  const before = read(row({}), row({ trade_name: 'B' }), row({ trade_name: 'C' })).products;
  const after = read(row({}), row({ trade_name: 'B', phi_days: '14' }), row({ trade_name: 'D' })).products;
  expect(changesOf(before, after)).toEqual({
    ...{ added: ['D'], removed: ['C'], same: 1 },
    changed: [{ product: 'B', phiDays: [7, 14], reiHours: [24, 24] }],
  });
});
