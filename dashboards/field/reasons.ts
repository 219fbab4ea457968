import type { Reason } from '../ui/api.ts';
import { number, percent } from '../ui/format.ts';
import { t } from '../ui/i18n.svelte.ts';

/** Figures of a reason that are volumetric fractions (m³/m³). */
const FRACTIONS = new Set(['soilMoisture', 'modelMoisture', 'openBelow', 'target']);

/** A reason as a sentence: fractions as percent, seconds also as minutes under the same name. */
export function sentence(reason: Reason): string {
  const figures: Record<string, string | number> = { key: reason.key };
  for (const [name, value] of Object.entries(reason.figures)) {
    if (typeof value !== 'number') figures[name] = value;
    else if (FRACTIONS.has(name)) figures[name] = percent(value, 2);
    // A share such as kRs 0.16 says nothing with one digit.
    else figures[name] = number(value, Math.abs(value) < 1 ? 2 : 1);
    if (typeof value === 'number' && name.endsWith('Seconds')) {
      figures[name.replace(/Seconds$/, 'Minutes')] = number(value / 60);
    }
  }
  return t([`reason.${reason.key}`, 'reason.other'], figures);
}
