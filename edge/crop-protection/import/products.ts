import { createHash } from 'node:crypto';
import type { PlantProtectionProduct, Reason } from '@nongtin/broker/wire';
import { doseUnit } from '../dose.ts';
import { LONGEST_PHI_DAYS, LONGEST_REI_HOURS } from '../intervals.ts';
import { namesMeet, sameName } from '../names.ts';
import {
  partsOf,
  type Read,
  readDate,
  readIngredient,
  readNumber,
  readRestriction,
  readText,
} from './cells.ts';
import { type Column, requiredColumns } from './columns.ts';
import { type ImportProblem, readTable, type Table, type TableRow } from './table.ts';
import { decodeTable } from './text.ts';

/** A file as it would become the farm's list; with a single problem nothing of it is taken. */
export interface ProductImport {
  readonly sha256: string;
  readonly encoding: string | null;
  readonly delimiter: string | null;
  readonly products: readonly PlantProtectionProduct[];
  readonly problems: readonly ImportProblem[];
  /** What is odd about it and no fault. */
  readonly notes: readonly Reason[];
}

const LISTS = /[|;,\n]/;
const INGREDIENTS = /[|;+\n]/;
const MOST_NAMES = 40;
const MOST_PROBLEMS = 500;
/** The list travels to the cloud as one record. */
const MOST_RECORD_BYTES = 512 * 1024;
/** More of a product than this on a hectare, or in a litre of water, is a slip of the pen (mL or g). */
const MOST_PER_HECTARE = 200_000;
const MOST_PER_LITRE = 200;

/** `today`: the farm's local day; null: nobody knows. */
export function readProducts(bytes: Uint8Array, today: string | null): ProductImport {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const decoded = decodeTable(bytes);
  if ('problem' in decoded) {
    const problems = [{ line: decoded.line ?? null, column: null, reason: decoded.problem }];
    return { sha256, encoding: null, delimiter: null, products: [], problems, notes: [] };
  }
  const { encoding, notes } = decoded;
  const table = readTable(decoded.text);
  const rows = table.rows.map((row) => new RowReader(row, table, today).read());
  const products = rows.flatMap(({ product }) => product ?? []);
  const problems = [...table.problems, ...rows.flatMap((row) => row.problems), ...duplicates(rows)];
  const bytesOfRecord = JSON.stringify(products).length;
  if (bytesOfRecord > MOST_RECORD_BYTES) {
    const figures = { kilobytes: Math.ceil(bytesOfRecord / 1024), most: MOST_RECORD_BYTES / 1024 };
    problems.push({ line: null, column: null, reason: { key: 'import_too_large', figures } });
  }
  const taken = problems.length === 0 ? products : [];
  const told = { sha256, encoding, notes, problems: fewer(problems) };
  return { ...told, delimiter: table.delimiter, products: taken };
}

/** Nobody mends more of them at once, and a page would not show them. */
function fewer(problems: readonly ImportProblem[]): readonly ImportProblem[] {
  const more = problems.length - MOST_PROBLEMS;
  if (more <= 0) return problems;
  const reason = { key: 'import_more_problems', figures: { more } };
  return [...problems.slice(0, MOST_PROBLEMS), { line: null, column: null, reason }];
}

interface ReadRow {
  readonly line: number;
  readonly product: PlantProtectionProduct | undefined;
  readonly problems: readonly ImportProblem[];
}

/** Reads all cells of a row, so that all that is wrong is told at once. */
class RowReader {
  readonly #row: TableRow;
  readonly #table: Table;
  readonly #today: string | null;
  readonly #problems: ImportProblem[] = [];

  constructor(row: TableRow, table: Table, today: string | null) {
    this.#row = row;
    this.#table = table;
    this.#today = today;
  }

  read(): ReadRow {
    for (const name of requiredColumns)
      if (this.#table.headings[name] !== undefined && this.#cell(name) === '')
        this.#wrong(name, { key: 'import_cell_empty', figures: {} });
    const ingredients = this.#list('active_ingredients', INGREDIENTS, readIngredient);
    const names = ingredients.map(({ name }) => name);
    const text = (name: Column, most: number) => this.#take(name, (cell) => readText(cell, most)) ?? '';
    const registration = text('registration', 80);
    const maxApplications = this.#number('max_applications', { min: 1, max: 50, whole: true });
    const product: PlantProtectionProduct = {
      tradeName: text('trade_name', 120),
      ...(registration === '' ? {} : { registration }),
      ingredients,
      dose: this.#dose(),
      phiDays: this.#number('phi_days', { min: 0, max: LONGEST_PHI_DAYS, whole: true }) ?? 0,
      reiHours: this.#number('rei_hours', { min: 0, max: LONGEST_REI_HOURS }) ?? 0,
      crops: this.#list('crops', LISTS, (part) => readText(part, 80)),
      pests: this.#list('pests', LISTS, (part) => readText(part, 80)),
      restrictions:
        // Which ingredient is meant can only be told of those that could be read.
        this.#problems.length > 0 ? [] : this.#list('markets', LISTS, (part) => readRestriction(part, names)),
      ...(maxApplications === undefined ? {} : { maxApplications }),
      source: text('source', 300),
      sourceDate: this.#take('source_date', (cell) => readDate(cell, this.#today)) ?? '',
    };
    const isWhole = this.#problems.length === 0 && this.#table.problems.length === 0;
    return { line: this.#row.line, product: isWhole ? product : undefined, problems: this.#problems };
  }

  #dose(): PlantProtectionProduct['dose'] {
    const unit = this.#take('dose_unit', (cell): Read<string> => {
      const known = doseUnit(cell);
      if (known === null) return { problem: { key: 'import_dose_unit_unknown', figures: { value: cell } } };
      const isTotal = known.basis === 'all';
      return isTotal
        ? { problem: { key: 'import_dose_unit_total', figures: { value: cell } } }
        : { value: cell };
    });
    const known = unit === undefined ? null : doseUnit(unit);
    const most = known?.basis === 'litre' ? MOST_PER_LITRE : MOST_PER_HECTARE;
    const bounds = { min: 1e-6, max: known === null ? MOST_PER_HECTARE : most / known.base };
    const min = this.#number('dose_min', bounds);
    const max = this.#number('dose_max', bounds);
    if (min !== undefined && max !== undefined && min > max)
      this.#wrong('dose_min', { key: 'import_dose_reversed', figures: { min, max } });
    return { min: min ?? 0, max: max ?? 0, unit: unit ?? '' };
  }

  #number(name: Column, bounds: { min: number; max: number; whole?: boolean }): number | undefined {
    return this.#take(name, (cell) => readNumber(cell, bounds));
  }

  #list<T>(name: Column, separators: RegExp, read: (part: string) => Read<T>): T[] {
    const parts = partsOf(this.#cell(name), separators);
    if (parts.length > MOST_NAMES)
      this.#wrong(name, { key: 'import_too_many_names', figures: { names: parts.length, most: MOST_NAMES } });
    return parts.slice(0, MOST_NAMES).flatMap((part) => {
      const told = read(part);
      if ('value' in told) return [told.value];
      this.#wrong(name, told.problem);
      return [];
    });
  }

  /** Undefined where the cell is empty, or wrong and told. */
  #take<T>(name: Column, read: (cell: string) => Read<T>): T | undefined {
    const cell = this.#cell(name);
    if (cell === '') return undefined;
    const told = read(cell);
    if ('value' in told) return told.value;
    this.#wrong(name, told.problem);
    return undefined;
  }

  #cell(name: Column): string {
    return this.#row.cells[name] ?? '';
  }

  #wrong(name: Column, reason: Reason): void {
    this.#problems.push({ line: this.#row.line, column: this.#table.headings[name] ?? name, reason });
  }
}

/** Two rows of one product for one use: which of them would hold? */
function duplicates(rows: readonly ReadRow[]): ImportProblem[] {
  return rows.flatMap(({ line, product }, n) => {
    if (product === undefined) return [];
    const first = rows
      .slice(0, n)
      .find((row) => row.product !== undefined && isSameUse(row.product, product));
    if (first === undefined) return [];
    const figures = { product: product.tradeName, otherLine: first.line };
    return [{ line, column: null, reason: { key: 'import_row_twice', figures } }];
  });
}

function isSameUse(one: PlantProtectionProduct, other: PlantProtectionProduct): boolean {
  if (!sameName(one.tradeName, other.tradeName) || !namesMeet(one.crops, other.crops)) return false;
  return one.pests.length === 0 || other.pests.length === 0 || namesMeet(one.pests, other.pests);
}

/** What a new list changes about the one in force. */
export interface ListChanges {
  readonly added: readonly string[];
  /** With the figures that matter in the field, before and after. */
  readonly changed: readonly {
    readonly product: string;
    readonly phiDays: readonly [number, number];
    readonly reiHours: readonly [number, number];
  }[];
  readonly removed: readonly string[];
  readonly same: number;
}

export function changesOf(
  before: readonly PlantProtectionProduct[],
  after: readonly PlantProtectionProduct[],
): ListChanges {
  const text = (row: PlantProtectionProduct) => JSON.stringify(row);
  const kept = new Set(before.map(text));
  const fresh = after.filter((row) => !kept.has(text(row)));
  const former = (row: PlantProtectionProduct) => before.find((known) => isSameUse(known, row));
  return {
    added: fresh.filter((row) => former(row) === undefined).map(({ tradeName }) => tradeName),
    changed: fresh.flatMap((row) => {
      const known = former(row);
      if (known === undefined) return [];
      const { tradeName: product, phiDays, reiHours } = row;
      return [
        {
          product,
          phiDays: [known.phiDays, phiDays] as const,
          reiHours: [known.reiHours, reiHours] as const,
        },
      ];
    }),
    removed: before
      .filter((row) => !after.some((one) => isSameUse(one, row)))
      .map(({ tradeName }) => tradeName),
    same: after.length - fresh.length,
  };
}
