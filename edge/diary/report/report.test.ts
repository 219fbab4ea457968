import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { inflateRawSync, inflateSync } from 'node:zlib';
import { type DiaryRevision, entryKinds, mergeEntry } from '@nongtin/broker/wire';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { spray } from '../../crop-protection/sprays.suite.ts';
import { demoFarm } from '../../farm/demo.ts';
import type { BookedEntry } from '../book.ts';
import type { DiaryDays } from '../diary.ts';
import type { MeasuredEntry } from '../measured.ts';
import { ReportMaker } from './make.ts';
import { reportPdf } from './pdf.ts';
import { diaryReport } from './report.ts';
import { fieldWords, kindWords } from './words.ts';

const farm = demoFarm();
const plot = farm.plots[0]?.id ?? '';
const zone = farm.plots[0]?.zones[0]?.id ?? '';

function entry(
  n: number,
  entryKind: string,
  set: DiaryRevision['set'],
  more: Partial<DiaryRevision>[] = [],
): BookedEntry {
  const base = { entryId: randomUUID(), entryKind, author: 'id-sau', phoneAtMs: n, attach: [], detach: [] };
  const made: DiaryRevision[] = [
    {
      ...base,
      revisionId: randomUUID(),
      madeOn: [],
      set: { date: `2026-11-${String((n % 28) + 1).padStart(2, '0')}`, plot, ...set },
    },
  ];
  for (const change of more)
    made.push({
      ...base,
      set: {},
      ...change,
      revisionId: randomUUID(),
      madeOn: [made.at(-1)?.revisionId ?? ''],
    });
  const booked = made.map(({ revisionId }, at) => [revisionId, { number: n * 10 + at, receivedAtMs: n }]);
  return { ...mergeEntry(made), booked: Object.fromEntries(booked) };
}

const watering = (n: number): MeasuredEntry => ({
  ...{ entryId: `run:${n}`, entryKind: 'watering', date: '2026-11-20', startTime: '04:30', endTime: '04:48' },
  ...{ plot, zone, journalEntries: [n], reason: { key: 'soil_dry', figures: {} } },
  figures: { litres: 812.5, minutes: 18, plannedLitres: 900, outcome: 'completed', proof: 'metered' },
});

/** A season's diary with everything in it that a farm writes down. */
function season(count: number): DiaryDays {
  const kinds = Object.keys(entryKinds);
  const text = 'Nguyễn Thị Bưởi ghi: rửa bình phun, đổ nước thừa đúng chỗ; ẩm độ ổn định.';
  const fields: DiaryRevision['set'] = {
    ...{
      product: 'Phân hữu cơ vi sinh Sông Gianh',
      supplier: 'Đại lý vật tư Hàm Thuận',
      target: 'Nấm đốm trắng',
    },
    ...{ doneBy: 'Trần Văn Ẩm', note: text, quantityKg: 120.5, usedAmount: 25, unit: 'kg', lot: 'L-2026/11' },
  };
  const entries = Array.from({ length: count }, (_, n) => {
    const kind = kinds[n % kinds.length] ?? 'observation';
    const rules = entryKinds[kind as keyof typeof entryKinds].fields;
    const own = Object.entries(fields).filter(([name]) => name in rules);
    const changes = n % 25 === 3 ? [{ set: { note: 'sửa lại' }, why: 'ghi nhầm' }] : [];
    return { ...entry(n, kind, Object.fromEntries(own), changes), warnings: [] };
  });
  return {
    entries,
    measured: Array.from({ length: 60 }, (_, n) => watering(n + 1)),
    harvests: [],
    sprays: [],
  };
}

const facts = {
  ...{
    farm,
    fromDate: '2026-11-01',
    toDate: '2026-11-30',
    madeAtMs: Date.UTC(2026, 10, 30, 3),
    gateway: 'gw-1',
  },
  ...{ publicKey: 'ab'.repeat(32), nameOf: (id: string) => (id === 'id-sau' ? 'Sáu' : id) },
};
const rowsOf = (days: Partial<DiaryDays>, heading: string) =>
  diaryReport({ entries: [], measured: [], harvests: [], sprays: [], ...days }, facts).sections.find(
    (section) => section.heading[1] === heading,
  );

describe('the report of a diary', () => {
  it('has words for every kind and field', () => {
    for (const [kind, { fields }] of Object.entries(entryKinds)) {
      expect(kindWords[kind], kind).toBeDefined();
      for (const field of Object.keys(fields)) expect(fieldWords[field], field).toBeDefined();
    }
  });

  it('names farm, plots and planting-area codes, and marks what was measured, with its place in the journal', () => {
    const report = diaryReport(season(20), facts);
    expect(report.plots.rows.map(({ cells }) => cells[0])).toEqual(farm.plots.map(({ name }) => name));
    const section = rowsOf({ measured: [watering(7)] }, 'Irrigation');
    expect(section).toMatchObject({ isMeasured: true, note: 'Cộng / Total: 812,5 L' });
    expect(section?.rows[0]).toMatchObject({ isMeasured: true });
    expect(section?.rows[0]?.cells).toEqual([
      ...['Đo', '2026-11-20', '04:30–04:48', farm.plots[0]?.zones[0]?.name, 812.5, 18, 'đủ giờ'],
      ...['đất khô dưới ngưỡng', '7'],
    ]);
  });

  it('adds up no harvest that was withdrawn, strikes it out, and says who changed what and why', () => {
    const gone = entry(1, 'harvest', { quantityKg: 50 }, [{ withdrawn: true, why: 'ghi hai lần' }]);
    const days = {
      entries: [entry(2, 'harvest', { quantityKg: 70 }), gone].map((one) => ({ ...one, warnings: [] })),
    };
    expect(rowsOf(days, 'Harvest')).toMatchObject({
      note: 'Cộng / Total: 70 kg',
      rows: [{ isWithdrawn: true }, {}],
    });
    const { changes } = diaryReport({ measured: [], harvests: [], sprays: [], ...days }, facts);
    expect(changes.rows.map(({ cells }) => [cells[1], cells[4], cells[5]])).toEqual([
      ['Sáu', expect.stringContaining('Sản lượng (kg): 50'), ''],
      ['Sáu', 'RÚT LẠI', 'ghi hai lần'],
    ]);
  });

  it('shows both of two values set side by side', () => {
    const one = entry(1, 'harvest', { quantityKg: 50 });
    const [base] = one.revisions;
    const beside = [51, 52].map((quantityKg, n) => ({
      ...(base as DiaryRevision),
      ...{
        revisionId: randomUUID(),
        madeOn: [base?.revisionId ?? ''],
        phoneAtMs: 10 + n,
        set: { quantityKg },
      },
    }));
    const both = { ...one, ...mergeEntry([...one.revisions, ...beside]), warnings: [] };
    expect(rowsOf({ entries: [both] }, 'Harvest')?.rows[0]?.further?.marks.join()).toMatch(
      /Ghi khác nhau.*Sáu ghi 51/,
    );
  });

  it('is a PDF with its font in it, in which every Vietnamese letter can be found again', async () => {
    const bytes = Buffer.from(await new ReportMaker().make(diaryReport(season(40), facts), 'pdf'));
    expect(bytes.subarray(0, 5).toString()).toBe('%PDF-');
    const text = bytes.toString('latin1');
    expect(text).toContain('/FontFile2');
    const maps = streams(bytes).filter((stream) => stream.includes('beginbfrange'));
    const letters = maps.join('\n').toLowerCase();
    for (const letter of 'ậữễởịẩđơưạ') {
      const code = letter.codePointAt(0)?.toString(16).padStart(4, '0') ?? '';
      expect(letters, letter).toContain(`<${code}>`);
    }
  });

  it('reads each font once, however many pages it has: reading them is what took half of the time', async () => {
    const read = vi.spyOn(fs, 'readFileSync');
    // For those who import it by its name.
    syncBuiltinESMExports();
    onTestFinished(() => {
      read.mockRestore();
      syncBuiltinESMExports();
    });
    await reportPdf(diaryReport(season(60), facts));
    expect(read.mock.calls.filter(([path]) => String(path).endsWith('.ttf'))).toHaveLength(2);
  });

  it('shows a spraying that the guard alone was told of, with what the list and the station say', () => {
    const record = spray({
      ...{
        waterLitres: 600,
        weather: { windMetresPerSecond: 2.1, rainMm: 0, airTemperature: 27.4, relativeHumidity: null },
      },
      warnings: [{ key: 'spray_dose_above', figures: { product: 'Ví dụ 100EC' } }],
    });
    const section = rowsOf({ sprays: [{ number: 912, record }] }, 'Plant protection');
    const [row] = section?.rows ?? [];
    expect(row?.cells.slice(0, 8)).toEqual([
      ...['Ghi', '2026-11-23', '06:00–07:30', farm.plots[0]?.name, 'Ví dụ 100EC', 'exampline', 'ants', 1],
    ]);
    expect(row?.further?.fields).toMatchObject({
      ...{ waterLitres: 600, reentryHours: 24 },
      ...{ harvestFrom: '2026-11-30', reentryFrom: '2026-11-24 07:30' },
    });
    const marks = row?.further?.marks.join();
    for (const told of ['gió 2,1 m/s', 'Lưu ý: liều cao hơn nhãn', 'Nhật ký số 912'])
      expect(marks).toContain(told);
    // What the diary has, and the list knows more of.
    const written = {
      ...entry(3, 'spraying', { product: 'Ví dụ 100EC', target: 'kiến', doneBy: 'Ba' }),
      warnings: [],
      spray: record,
    };
    const cells = rowsOf({ entries: [written] }, 'Plant protection')?.rows[0]?.cells;
    expect(cells).toContain('exampline');
    expect(cells).toContain(7);
  });

  it('is a workbook in which numbers are numbers, days are days, each field has a column, and no text is a formula', async () => {
    const days = season(18);
    const attack = {
      ...entry(5, 'harvest', { note: '=HYPERLINK("http://x")', buyer: '@cmd' }),
      warnings: [],
    };
    const report = diaryReport({ ...days, entries: [...days.entries, attack] }, facts);
    const files = unzip(Buffer.from(await new ReportMaker().make(report, 'xlsx')));
    expect(files.get('xl/workbook.xml')).toContain('Thu hoạch');
    const sheets = [...files].filter(([name]) => name.startsWith('xl/worksheets/')).map(([, xml]) => xml);
    const all = sheets.join('');
    expect(all).toMatch(/<v>120\.5<\/v>/);
    // 1 November 2026, in days since 1900 as workbooks count.
    const day = Date.UTC(2026, 10, 6) / 86_400_000 + 25_569;
    expect(all).toContain(`<v>${day}</v>`);
    expect(all).not.toContain('<f>');
    const words = files.get('xl/sharedStrings.xml') ?? all;
    for (const told of ['Sông Gianh', '=HYPERLINK', '@cmd', 'Ghi chú / Note', 'Nơi bán / Supplier'])
      expect(words).toContain(told);
  });

  it('sets what has no column under its row, and leaves no head alone at the end of a page', async () => {
    const heads = async (count: number) => {
      const pdf = Buffer.from(await reportPdf(diaryReport(season(count), facts)));
      return pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
    };
    // Ten and more rows of three lines on a page, notes and all.
    expect(await heads(100)).toBeLessThan(20);
  });
});

/** Contents of a PDF's compressed streams. */
function streams(pdf: Buffer): string[] {
  const found: string[] = [];
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 1)) {
    try {
      found.push(inflateSync(pdf.subarray(at + 7)).toString('latin1'));
    } catch {
      // A font, or the end of another stream.
    }
  }
  return found;
}

/** Its files by name, as the directory at the end of a ZIP tells them. */
function unzip(zip: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  for (let at = zip.indexOf('PK\x01\x02'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4)) {
    const name = zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const local = zip.readUInt32LE(at + 42);
    const data = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(data, data + zip.readUInt32LE(at + 20));
    files.set(name, (zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed) : packed).toString('utf8'));
  }
  return files;
}
