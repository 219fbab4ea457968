import type { Reason } from '../ui/api.ts';
import { calendarDay, dayAndTime, monthName, number, percent } from '../ui/format.ts';
import { t } from '../ui/i18n.svelte.ts';

/** Figures of a reason that are volumetric fractions (m³/m³). */
const FRACTIONS = new Set(['soilMoisture', 'modelMoisture', 'openBelow', 'target']);
/** Parts of a whole of which nobody needs to know a tenth of a percent. */
const SHARES = new Set(['availableWater']);
/** Litres of a program's decision: nobody knows them more closely. */
const WHOLE = new Set(['plannedLitres', 'decisionLitres', 'deliveredLitres']);

/**
 * A reason as a sentence: fractions as percent, seconds also as minutes under the same name, dates ('2026-11-24', the days
 * of the farm's own calendar) and months as the reader's language writes them. One that tells no flow may have a sentence of its
 * own without it.
 */
export function sentence(reason: Reason): string {
  const figures: Record<string, string | number> = { key: reason.key };
  for (const [name, value] of Object.entries(reason.figures)) {
    figures[name] =
      typeof value === 'number' ? written(name, value) : /[dD]ate$/.test(name) ? calendarDay(value) : value;
    if (typeof value === 'number' && name.endsWith('Seconds')) {
      figures[name.replace(/Seconds$/, 'Minutes')] = number(value / 60);
    }
  }
  const unmeasured = figures.flowLitresPerMinute === undefined ? [`reason.${reason.key}_unmeasured`] : [];
  return t([...unmeasured, `reason.${reason.key}`, 'reason.other'], figures);
}

function written(name: string, value: number): string {
  if (FRACTIONS.has(name)) return percent(value, 2);
  if (SHARES.has(name)) return `${number(value * 100, 0)}\u00a0%`;
  if (name === 'month') return monthName(value);
  if (name.endsWith('AtMs')) return dayAndTime(value);
  if (WHOLE.has(name)) return number(value, 0);
  // A share such as kRs 0.16 says nothing with one digit.
  return number(value, Math.abs(value) < 1 ? 2 : 1);
}
