import type { FieldValue } from '@nongtin/broker/wire';
import type { Farm } from '../../farm/layout.ts';
import { choiceWords, fieldWords, type Words } from './words.ts';

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly heading: Words;
  /** Share of the page's width, in parts of all columns' together. */
  readonly width: number;
}

export interface Row {
  readonly cells: readonly (string | number)[];
  /** Written by the gateway from what it measured; nobody can change it. */
  readonly isMeasured?: boolean;
  readonly isWithdrawn?: boolean;
  /** What it says beside its columns. */
  readonly further?: Further;
}

export interface Further {
  /** Its value of fields that have no column, by name. */
  readonly fields: Readonly<Record<string, string | number>>;
  /** What is to be said about it: changed, withdrawn, odd. */
  readonly marks: readonly string[];
}

export interface Section extends Table {
  readonly heading: Words;
  readonly isMeasured: boolean;
  /** Sums and the like, in a sentence. */
  readonly note: string;
}

/** The source of a row: what the gateway measured, what a person wrote. */
export const MEASURED = 'Đo';
export const WRITTEN = 'Ghi';

/** What every entry begins with. */
export const when: readonly Column[] = [
  { heading: ['Nguồn', 'Source'], width: 6 },
  { heading: fieldWords.date as Words, width: 10 },
  { heading: ['Giờ', 'Time'], width: 8 },
  { heading: ['Lô / khu', 'Plot / zone'], width: 9 },
];

/** Fields whose values are words of ours; in all others a person's own words stand. */
const CHOSEN: ReadonlySet<string> = new Set(['doseUnit', 'unit', 'place', 'inputKind', 'severity']);

/** The name of a plot or zone; an id that the layout knows no more stands as it is. */
export type Places = (id: string) => string;

export function placeNames({ plots }: Pick<Farm, 'plots'>): Places {
  const names = new Map(
    plots.flatMap(({ id, name, zones }) => [
      ...zones.map((zone) => [zone.id, zone.name] as const),
      [id, name] as const,
    ]),
  );
  return (id) => names.get(id) ?? id;
}

export function cell(value: FieldValue, places: Places, field: string): string | number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 'có' : 'không';
  if (value === null) return '';
  if (field === 'plot' || field === 'zone') return places(value);
  return CHOSEN.has(field) ? spoken(value) : value;
}

export function spoken(value: string | null | undefined): string {
  if (value === null || value === undefined) return '';
  return choiceWords[value] ?? value;
}

const vietnamese = new Intl.NumberFormat('vi-VN', { maximumFractionDigits: 3 });

/** 1.234,5 as it is written in Vietnam. */
export function figure(value: number): string {
  return vietnamese.format(value);
}

/** As a person reads it. */
export function shownValue(value: string | number): string {
  return typeof value === 'number' ? figure(value) : written(value);
}

/** 5, 6, 7, 9 → '5–7, 9' */
export function numbers(entries: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const number of entries) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] + 1 === number) last[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
}

/** A day or a moment as it is written in Vietnam, 23/11/2026; any other text as it stands. */
export function written(text: string): string {
  return text.replace(/^(\d{4})-(\d{2})-(\d{2})(?=$| \d{2}:\d{2}$)/, '$3/$2/$1');
}
