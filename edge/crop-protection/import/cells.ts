import type { Reason } from '@nongtin/broker/wire';
import { dateText, dayOfText } from '../../irrigation/programs/calendar.ts';

/** What a cell says, or what is wrong with it. */
export type Read<T> = { readonly value: T } | { readonly problem: Reason };

const wrong = (key: string, figures: Reason['figures']) => ({ problem: { key, figures } });

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

/**
 * '2.5', '2,5'. Not '1.500', which is fifteen hundred to some and one and a half to others: a dose a thousand times too
 * large is not to be guessed at.
 */
export function readNumber(text: string, { min, max, whole = false }: Bounds): Read<number> {
  const value = text.replace(/[\s\u00a0]/g, '');
  if (!/^[-+]?\d+([.,]\d+)*$/.test(value)) return wrong('import_not_a_number', { value: text });
  if (/^[-+]?[1-9]\d{0,2}[.,]\d{3}$/.test(value) || (value.match(/[.,]/g)?.length ?? 0) > 1)
    return wrong('import_number_ambiguous', { value: text });
  const number = Number(value.replace(',', '.'));
  if (number < 0) return wrong('import_number_negative', { value: text });
  if (whole && !Number.isInteger(number)) return wrong('import_number_not_whole', { value: text });
  if (number < min || number > max) return wrong('import_number_impossible', { value: text, min, max });
  return { value: number };
}

/** '2026-01-05', or '05/01/2026' with the day first. `today`: none may lie after it; null: nobody knows what day it is. */
export function readDate(text: string, today: string | null): Read<string> {
  const match = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  const [, day = '', month = '', year = ''] = match ?? [];
  const date = match ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : text;
  const known = dayOfText(date);
  if (known === null) return wrong('import_not_a_date', { value: text });
  if (today !== null && date > today) return wrong('import_date_in_future', { value: text });
  return { value: dateText(known) };
}

/** A spreadsheet would reckon it, or worse, whenever the list is opened there again. */
const FORMULA = /^([=+@]|-\S)/;

export function readText(text: string, most: number): Read<string> {
  if (text.length > most) return wrong('import_text_too_long', { most, length: text.length });
  if (FORMULA.test(text)) return wrong('import_cell_is_formula', { value: text.slice(0, 60) });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/.test(text)
    ? wrong('import_text_broken', {})
    : { value: text.replace(/\s+/g, ' ') };
}

/** 'thanh long | xoài', also with commas, semicolons or line breaks in one cell. */
export function partsOf(text: string, separators: RegExp): string[] {
  return [...new Set(text.split(separators).map((part) => part.trim().replace(/\s+/g, ' ')))].filter(
    (part) => part !== '',
  );
}

const CONTENT =
  /^(.*\S)\s+(\d[\d.,]*(?:\s*[x×*]\s*10\^?\d{1,2}|e\d{1,2})?)\s*(%(?:\s*w\/[wv])?|m?g\/l|m?g\/kg|m?g\/g|iu\/m?g|(?:cfu|bào tử|spores?)\/m?[gl])$/i;
/** Of a litre or a kilogram there cannot be more in it. */
const MOST_CONTENT: Readonly<Record<string, number>> = { '%': 100, 'g/l': 2_000, 'g/kg': 1_000 };

/** 'imidacloprid 200 g/L' */
export function readIngredient(text: string): Read<{ name: string; content: number; unit: string }> {
  const [, name = '', amount = '', unit = ''] = CONTENT.exec(text) ?? [];
  if (name === '') return wrong('import_ingredient_unclear', { value: text });
  if (FORMULA.test(name)) return wrong('import_cell_is_formula', { value: text.slice(0, 60) });
  const [, base = '', tens = '0'] = /^(.*?)(?:(?:\s*[x×*]\s*10\^?|e)(\d{1,2}))?$/i.exec(amount) ?? [];
  const plain = /^%/.test(unit) ? '%' : unit.toLowerCase();
  const most = MOST_CONTENT[plain] ?? 1e15;
  const number = readNumber(base, { min: 0, max: most });
  if ('problem' in number) return number;
  const content = number.value * 10 ** Number(tens);
  if (content <= 0 || content > most)
    return wrong('import_number_impossible', { value: amount, min: 0, max: most });
  return { value: { name, content, unit } };
}

const STATUS: readonly (readonly [RegExp, 'banned' | 'no_mrl'])[] = [
  [/^(banned|cấm|禁用)$/i, 'banned'],
  [/^(no[ _-]?mrl|(?:không|chưa) có mrl|无mrl)$/i, 'no_mrl'],
];
const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

/** 'EU banned', 'JP no_mrl imidacloprid'; `ingredients`: one of them, which must be named where there are several. */
export function readRestriction(
  text: string,
  ingredients: readonly string[],
): Read<{ market: string; ingredient: string; status: 'banned' | 'no_mrl' }> {
  const [, code = '', rest = ''] = /^([A-Za-z]{2})[\s:]+(.+)$/.exec(text) ?? [];
  const market = code.toUpperCase();
  const named = ingredients.find((name) => rest.toLowerCase().endsWith(` ${name.toLowerCase()}`));
  const word = named === undefined ? rest : rest.slice(0, -named.length).trim();
  const status = STATUS.find(([pattern]) => pattern.test(word))?.[1];
  if (market === '' || status === undefined) return wrong('import_market_unclear', { value: text });
  if (regions.of(market) === undefined) return wrong('import_market_unknown', { value: market });
  const [only, ...more] = ingredients;
  const ingredient = named ?? (more.length === 0 ? only : undefined);
  if (ingredient === undefined)
    return wrong('import_market_ingredient', { value: text, ingredients: ingredients.join(', ') });
  return { value: { market, ingredient, status } };
}
