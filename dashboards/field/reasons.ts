import { percent } from '../ui/format.ts';
import { known, t } from '../ui/i18n.svelte.ts';
import type { Reason } from './api.ts';

/** A decision's reason as a sentence. Figures that end in 'Fraction' are shown as percent, under their short name. */
export function sentence(reason: Reason): string {
  const figures: Record<string, string | number> = { key: reason.key };
  for (const [name, value] of Object.entries(reason.figures)) {
    if (name.endsWith('Fraction') && typeof value === 'number')
      figures[name.slice(0, -'Fraction'.length)] = percent(value);
    else figures[name] = value;
  }
  return t(known(`reason.${reason.key}`) ? `reason.${reason.key}` : 'reason.other', figures);
}
