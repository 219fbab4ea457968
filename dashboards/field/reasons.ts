import type { Reason } from '../ui/api.ts';
import { calendarDay, dayAndTime, monthName, number, percent } from '../ui/format.ts';
import { t } from '../ui/i18n.svelte.ts';

/** Figures of a reason that are volumetric fractions (m³/m³). */
const FRACTIONS = new Set(['soilMoisture', 'modelMoisture', 'openBelow', 'target']);
/** Parts of a whole of which nobody needs to know a tenth of a percent. */
const SHARES = new Set(['availableWater']);
/** What a condition was judged by: 0.199 is below 0.2. */
const MEASURED = new Set(['value', 'limit']);
/** Litres of a program's decision: nobody knows them more closely. */
const WHOLE = new Set(['plannedLitres', 'decisionLitres', 'deliveredLitres', 'millilitres']);
/** mS/cm. */
const CONDUCTIVITIES = new Set(['expectedEc', 'seenEc']);
/** Quantities that a reason names, by their symbols: the same in every language. */
const SYMBOLS: Readonly<Record<string, string>> = { ec: 'EC', ph: 'pH' };

/** Of what stands on a label, and of fields, nothing is rounded away. */
const EXACT = new Set(['dose', 'min', 'max', 'hectares', 'plotHectares']);

/**
 * A reason as a sentence: fractions as percent, seconds also as minutes under the same name, dates ('2026-11-24', the days
 * of the farm's own calendar) and months as the reader's language writes them. One that tells no flow may have a sentence of its
 * own without it. A reason that is in another one (`causeKey`, of the same figures) is a sentence in it.
 */
export function sentence(reason: Reason): string {
  const figures: Record<string, string | number> = { key: reason.key };
  // Of EC and pH the second digit is what people compare.
  const isWater = reason.figures.quantity !== undefined;
  for (const [name, value] of Object.entries(reason.figures)) {
    if (typeof value === 'number') figures[name] = isWater ? number(value, 2) : written(name, value);
    else figures[name] = /[dD]ate$/.test(name) ? calendarDay(value) : shown(name, value);
    if (typeof value === 'number' && name.endsWith('Seconds')) {
      figures[name.replace(/Seconds$/, 'Minutes')] = number(value / 60);
    }
  }
  if (typeof reason.figures.causeKey === 'string') {
    const { causeKey, ...rest } = reason.figures;
    figures.why = sentence({ key: causeKey, figures: rest });
  }
  const unmeasured = figures.flowLitresPerMinute === undefined ? [`reason.${reason.key}_unmeasured`] : [];
  return t([...unmeasured, `reason.${reason.key}`, 'reason.other'], figures);
}

function shown(name: string, value: string): string {
  return name === 'quantity' ? (SYMBOLS[value] ?? value) : value;
}

function written(name: string, value: number): string {
  if (FRACTIONS.has(name)) return percent(value, 2);
  if (SHARES.has(name)) return `${number(value * 100, 0)}\u00a0%`;
  if (name === 'month') return monthName(value);
  if (name.endsWith('AtMs')) return dayAndTime(value);
  if (EXACT.has(name)) return number(value, 4);
  if (WHOLE.has(name)) return number(value, 0);
  if (CONDUCTIVITIES.has(name)) return number(value, 2);
  if (MEASURED.has(name)) return number(value, Math.abs(value) < 1 ? 3 : 2);
  // A share such as kRs 0.16 says nothing with one digit.
  return number(value, Math.abs(value) < 1 ? 2 : 1);
}
