import writeExcelFile, { type Row as SheetRow } from 'write-excel-file/node';
import type { Report } from './report.ts';
import { type Row, type Table, written } from './table.ts';
import { fieldWords } from './words.ts';

const measuredFill = '#e4f1fb';
const MOST_SHEET_NAME = 31;

/**
 * The report as a workbook: a cover, a sheet for each table. Numbers are numbers and days are days, for who wants to add them up and
 * sort them; what people wrote is text, whatever it begins with, and never a formula.
 */
export async function reportXlsx(report: Report): Promise<Uint8Array> {
  const sheets = [
    cover(report),
    ...report.sections.map(spread).map((section) => ({
      ...sheet(section.heading[0], section),
      data: [
        ...tableRows(section),
        ...(section.note === '' ? [] : [[{ value: section.note, fontWeight: 'bold' as const }]]),
      ],
    })),
    ...(report.changes.rows.length === 0
      ? []
      : [{ ...sheet('Các lần sửa', report.changes), data: tableRows(report.changes) }]),
  ];
  return writeExcelFile(sheets, { fontFamily: 'Arial', fontSize: 10 }).toBuffer();
}

/** What stands beside the columns of a table, in columns of its own. */
function spread<T extends Table>(table: T): T {
  const used = new Set(table.rows.flatMap(({ further }) => Object.keys(further?.fields ?? {})));
  const names = Object.keys(fieldWords).filter((name) => used.has(name));
  const hasMarks = table.rows.some(({ further }) => (further?.marks.length ?? 0) > 0);
  return {
    ...table,
    columns: [
      ...table.columns,
      ...names.map((name) => ({ heading: fieldWords[name] ?? ([name, name] as const), width: 14 })),
      ...(hasMarks ? [{ heading: ['Lưu ý', 'Remarks'] as const, width: 30 }] : []),
    ],
    rows: table.rows.map((row) => ({
      ...row,
      cells: [
        ...row.cells,
        ...names.map((name) => row.further?.fields[name] ?? ''),
        ...(hasMarks ? [row.further?.marks.join('. ') ?? ''] : []),
      ],
    })),
  };
}

function cover(report: Report) {
  const bold = (value: string, fontSize = 10) => ({ value, fontWeight: 'bold' as const, fontSize });
  const data: SheetRow[] = [
    [bold('NHẬT KÝ CANH TÁC / FARM DIARY', 18)],
    ['VietGAP (TCVN 11892-1:2017) · GLOBALG.A.P.'],
    [bold(report.farm, 14)],
    ['Thời gian / Period', `${written(report.fromDate)} – ${written(report.toDate)}`],
    ['Lập lúc / Made at', written(report.madeAt)],
    ...report.facts.map(([words, value]) => [words.join(' / '), value]),
    [],
    ...tableRows(report.plots),
    [],
    [
      {
        value: 'Nền xanh, nguồn “Đo”: máy tự ghi từ số đo / blue, source “Đo”: measured by the gateway',
        backgroundColor: measuredFill,
      },
    ],
    [],
    [
      bold('Người lập / Prepared by'),
      bold('Đại diện hợp tác xã / Cooperative'),
      bold('Kiểm tra viên / Inspector'),
    ],
  ];
  return {
    sheet: 'Bìa',
    data,
    columns: [30, 30, 24, 24, 30].map((width) => ({ width })),
    orientation: 'landscape' as const,
  };
}

function sheet(name: string, { columns }: Table) {
  return {
    // No sheet's name may hold these, nor be longer.
    sheet: name.replace(/[\\/?*[\]:]/g, ' ').slice(0, MOST_SHEET_NAME),
    columns: columns.map(({ width }) => ({ width: Math.max(8, width * 1.3) })),
    stickyRowsCount: 1,
    orientation: 'landscape' as const,
  };
}

function tableRows({ columns, rows }: Table): SheetRow[] {
  const head = columns.map(({ heading }) => ({
    ...{ value: [...new Set(heading)].join(' / '), fontWeight: 'bold' as const, wrap: true },
    backgroundColor: '#e6efe9',
  }));
  return [head, ...rows.map(sheetRow)];
}

function sheetRow({ cells, isMeasured, isWithdrawn }: Row): SheetRow {
  return cells.map((value) =>
    // A cell without a value has no colour either.
    value === '' && !isMeasured
      ? null
      : {
          ...{ ...cellValue(value), wrap: true, alignVertical: 'top' as const },
          ...(isMeasured ? { backgroundColor: measuredFill } : {}),
          ...(isWithdrawn ? { textColor: '#9a4a4a', textDecoration: { strikethrough: true as const } } : {}),
        },
  );
}

function cellValue(value: string | number) {
  if (typeof value === 'number') return { value };
  if (/^\d{4}-\d{2}-\d{2}$/.test(value))
    return { value: new Date(`${value}T00:00:00Z`), format: 'dd/mm/yyyy' };
  return { value: written(value) || ' ' };
}
