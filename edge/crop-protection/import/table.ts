import type { Reason } from '@nongtin/broker/wire';
import { CsvError, parse } from 'csv-parse/sync';
import { type Column, columnNames, columnOf, requiredColumns } from './columns.ts';

/** What is wrong with a file, and where. */
export interface ImportProblem {
  /** From 1, as a spreadsheet counts; null: the file as a whole. */
  readonly line: number | null;
  /** As the file calls it; null: the whole line. */
  readonly column: string | null;
  readonly reason: Reason;
}

export interface TableRow {
  readonly line: number;
  readonly cells: Readonly<Partial<Record<Column, string>>>;
}

export interface Table {
  readonly delimiter: string;
  /** As the file calls them. */
  readonly headings: Readonly<Partial<Record<Column, string>>>;
  readonly rows: readonly TableRow[];
  readonly problems: readonly ImportProblem[];
}

const DELIMITERS = [',', ';', '\t'] as const;
/** Which are no delimiters here, but that of some other program. */
const OTHER_DELIMITERS = ['|', ':', '^', '~'];
const MOST_ROWS = 500;
/** Whoever has more of them has something else in the file. Reading a million takes seconds. */
const MOST_COLUMNS = 60;
const MOST_HEADING_LETTERS = 8 * 1024;

/** The cells of a CSV by our columns; the delimiter is the one by which most columns are known. */
export function readTable(text: string): Table {
  // Excel's own first line about the delimiter says nothing that the headings do not.
  const [sep = ''] = /^sep=.(\r\n|\r|\n)/i.exec(text) ?? [];
  const skipped = sep === '' ? 0 : 1;
  const body = text.slice(sep.length);
  const headingLine = /\S[^\r\n]*/.exec(body)?.[0] ?? '';
  const none = { delimiter: DELIMITERS[0], headings: {}, rows: [] };
  const columns = headingLine.split(/[,;\t]/, MOST_COLUMNS + 1).length;
  if (columns > MOST_COLUMNS || headingLine.length > MOST_HEADING_LETTERS)
    return { ...none, problems: [wholeFile('import_too_many_columns', { most: MOST_COLUMNS })] };
  const known = (delimiter: string) =>
    headingLine.split(delimiter).filter((heading) => columnOf(heading) !== undefined).length;
  const delimiter = DELIMITERS.reduce((best, one) => (known(one) > known(best) ? one : best));
  const other = OTHER_DELIMITERS.find((one) => known(one) > Math.max(1, known(delimiter)));
  if (other !== undefined)
    return { ...none, problems: [wholeFile('import_delimiter_wrong', { delimiter: other })] };
  if (known(delimiter) === 0)
    return { ...none, problems: [wholeFile('import_no_headings', { columns: requiredColumns.join(', ') })] };
  const parsed = records(body, delimiter);
  if ('problem' in parsed) {
    const { line, reason } = parsed.problem;
    const at = line === null ? null : line + skipped;
    return { ...none, delimiter, problems: [{ line: at, column: null, reason }] };
  }
  const [first, ...others] = parsed.records;
  const { headings, order, problems } = headingsOf(first?.cells ?? [], (first?.line ?? 1) + skipped);
  if (problems.length === 0 && others.length === 0) problems.push(wholeFile('import_no_rows', {}));
  if (others.length > MOST_ROWS) problems.push(wholeFile('import_too_many_rows', { most: MOST_ROWS }));
  const rows = others.slice(0, MOST_ROWS).map(({ line, cells }) => {
    problems.push(...countProblems(cells, order, line + skipped));
    return { line: line + skipped, cells: cellsOf(cells, order) };
  });
  return { delimiter, headings, rows, problems };
}

function wholeFile(key: string, figures: Reason['figures']): ImportProblem {
  return { line: null, column: null, reason: { key, figures } };
}

interface ReadRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

function records(
  text: string,
  delimiter: string,
):
  | { readonly records: ReadRecord[] }
  | { readonly problem: { readonly line: number | null; readonly reason: Reason } } {
  try {
    const found = parse(text, {
      ...{ delimiter, info: true, trim: true, skip_empty_lines: true, skip_records_with_empty_values: true },
      // One more than may be, with the headings: the rest of a file that is too long is not read.
      ...{ relax_column_count: true, max_record_size: 64 * 1024, to: MOST_ROWS + 2 },
    }) as unknown as { record: string[]; info: { lines: number } }[];
    // The parser tells the line on which a record ends.
    const lineOf = (cells: readonly string[], last: number) =>
      last - cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    return {
      records: found.map(({ record, info }) => ({ cells: record, line: lineOf(record, info.lines) })),
    };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line: unknown = Reflect.get(error, 'lines');
    const key = error.code === 'CSV_MAX_RECORD_SIZE' ? 'import_cell_too_long' : 'import_quotes_wrong';
    return { problem: { line: typeof line === 'number' ? line : null, reason: { key, figures: {} } } };
  }
}

function headingsOf(cells: readonly string[], line: number) {
  const headings: Partial<Record<Column, string>> = {};
  const problems: ImportProblem[] = [];
  const order = cells.map((heading): Column | null => {
    const name = columnOf(heading);
    const wrong = (key: string) =>
      problems.push({
        ...{ line, column: heading },
        reason: { key, figures: { heading, columns: columnNames.join(', ') } },
      });
    if (name === undefined) {
      if (heading !== '') wrong('import_column_unknown');
      return null;
    }
    if (headings[name] !== undefined) {
      wrong('import_column_twice');
      return null;
    }
    headings[name] = heading;
    return name;
  });
  const missing = requiredColumns.filter((name) => headings[name] === undefined);
  for (const name of missing)
    problems.push({
      line,
      column: name,
      reason: { key: 'import_column_missing', figures: { heading: name } },
    });
  return { headings, order, problems };
}

function cellsOf(cells: readonly string[], order: readonly (Column | null)[]): TableRow['cells'] {
  return Object.fromEntries(order.flatMap((name, at) => (name === null ? [] : [[name, cells[at] ?? '']])));
}

/** A comma too many moves every figure behind it into another column. */
function countProblems(cells: readonly string[], order: readonly unknown[], line: number): ImportProblem[] {
  const beyond = cells.slice(order.length).some((cell) => cell !== '');
  const unnamed = cells.slice(0, order.length).some((cell, at) => cell !== '' && order[at] === null);
  const key = beyond ? 'import_too_many_cells' : unnamed ? 'import_cell_without_heading' : null;
  if (key !== null)
    return [
      { line, column: null, reason: { key, figures: { cells: cells.length, headings: order.length } } },
    ];
  if (cells.length >= order.length) return [];
  return [
    {
      line,
      column: null,
      reason: { key: 'import_too_few_cells', figures: { cells: cells.length, headings: order.length } },
    },
  ];
}
