import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reason } from '@nongtin/broker/wire';
import { dateOf, localDay, timeText } from '../irrigation/programs/calendar.ts';
import type { Language } from './settings.ts';

/** The page's sentences of reasons, by key: the same words reach people by message. */
export type Sentences = Readonly<Record<Language, Readonly<Record<string, string>>>>;

/** From the page's catalogues. What cannot be read is told by keys and figures alone, which is better than not at all. */
export function readSentences(folder: string, onProblem: (error: unknown) => void): Sentences {
  const of = (language: Language): Record<string, string> => {
    try {
      const catalogue = JSON.parse(readFileSync(join(folder, `${language}.json`), 'utf8')) as {
        reason?: Record<string, string>;
      };
      return catalogue.reason ?? {};
    } catch (error) {
      onProblem(error);
      return {};
    }
  };
  return { vi: of('vi'), en: of('en'), zh: of('zh') };
}

const locales = { vi: 'vi-VN', en: 'en-GB', zh: 'zh-CN' } as const;
/** Figures that are volumetric fractions (m³/m³), and parts of a whole. */
const FRACTIONS = new Set(['soilMoisture', 'modelMoisture', 'openBelow', 'target']);
const SHARES = new Set(['availableWater']);
const WHOLE = new Set(['plannedLitres', 'decisionLitres', 'deliveredLitres', 'millilitres']);
/** mS/cm. */
const CONDUCTIVITIES = new Set(['expectedEc', 'seenEc']);
/** Quantities that a reason names, by their symbols: the same in every language. */
const SYMBOLS: Readonly<Record<string, string>> = { ec: 'EC', ph: 'pH' };
/** What a condition was judged by: 0.199 is below 0.2. */
const MEASURED = new Set(['value', 'limit']);

/**
 * A reason in words, its figures as the page writes them: fractions as percent, seconds also as minutes under the same name,
 * moments in the farm's own time. A reason that is in another one (`causeKey`, of the same figures) is a sentence in it.
 */
export function sentenceOf(
  { key, figures }: Reason,
  language: Language,
  sentences: Sentences,
  timeZone: string,
): string {
  const words: Record<string, string> = { key };
  // Of EC and pH the second digit is what people compare.
  const isWater = figures.quantity !== undefined;
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== 'number') words[name] = shown(name, value, language);
    else words[name] = isWater ? number(value, language, 2) : written(name, value, language, timeZone);
    if (typeof value === 'number' && name.endsWith('Seconds'))
      words[name.replace(/Seconds$/, 'Minutes')] = number(value / 60, language, 1);
  }
  if (typeof figures.causeKey === 'string') {
    const { causeKey, ...rest } = figures;
    words.why = sentenceOf({ key: causeKey, figures: rest }, language, sentences, timeZone);
  }
  const template = sentences[language][key];
  if (template === undefined) {
    const told = Object.entries(words).filter(([name]) => name !== 'key');
    return [key, ...told.map(([name, value]) => `${name} ${value}`)].join(', ');
  }
  return template
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => words[name] ?? '?')
    .replaceAll('\u00a0', ' ');
}

function written(name: string, value: number, language: Language, timeZone: string): string {
  if (FRACTIONS.has(name)) return `${number(value * 100, language, 2)} %`;
  if (SHARES.has(name)) return `${number(value * 100, language, 0)} %`;
  if (name === 'month') return monthName(value, language);
  if (name.endsWith('AtMs')) return momentText(value, language, timeZone);
  if (WHOLE.has(name)) return number(value, language, 0);
  if (CONDUCTIVITIES.has(name)) return number(value, language, 2);
  if (MEASURED.has(name)) return number(value, language, Math.abs(value) < 1 ? 3 : 2);
  return number(value, language, Math.abs(value) < 1 ? 2 : 1);
}

/** A day of the calendar, '2026-11-24', as the language writes it; a quantity as its symbol. */
function shown(name: string, value: string, language: Language): string {
  if (name === 'quantity') return SYMBOLS[value] ?? value;
  if (!/[dD]ate$/.test(name)) return value;
  const atMs = Date.parse(`${value}T00:00:00Z`);
  return Number.isFinite(atMs) ? dayText(atMs, language, 'UTC') : value;
}

/** '04:30 24/11'; the Chinese begin with the month, and say so. */
export function momentText(atMs: number, language: Language, timeZone: string): string {
  const { month, dayOfMonth } = dateOf(localDay(timeZone, atMs));
  const two = (figure: number) => String(figure).padStart(2, '0');
  const day = language === 'zh' ? `${month}月${dayOfMonth}日` : `${two(dayOfMonth)}/${two(month)}`;
  return `${timeText(timeZone, atMs)} ${day}`;
}

function dayText(atMs: number, language: Language, timeZone: string): string {
  const options = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone } as const;
  return new Intl.DateTimeFormat(locales[language], options).format(atMs);
}

function monthName(month: number, language: Language): string {
  const format = new Intl.DateTimeFormat(locales[language], {
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  const parts = format.formatToParts(Date.UTC(2026, month - 1));
  return parts.find(({ type }) => type === 'month')?.value ?? String(month);
}

function number(value: number, language: Language, digits: number): string {
  return new Intl.NumberFormat(locales[language], { maximumFractionDigits: digits }).format(value);
}
