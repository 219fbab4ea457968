import type { FieldValue } from '@nongtin/broker/wire/diary';
import { calendarDay, number } from '../ui/format.ts';
import { t } from '../ui/i18n.svelte.ts';
import type { Farm } from './api.ts';
import { sentence } from './reasons.ts';

/** Fields whose values are words of ours; in all others a person's own words stand. */
const CHOSEN: ReadonlySet<string> = new Set(['doseUnit', 'unit', 'place', 'inputKind', 'severity']);
const DAYS: ReadonlySet<string> = new Set(['date', 'expiresOn', 'producedOn', 'sinceDate']);

export function fieldName(field: string): string {
  return t([`diary.field.${field}`, 'reason.other'], { key: field });
}

/** A field's value as people read it. */
export function valueText(field: string, value: FieldValue, farm: Pick<Farm, 'plots'> | undefined): string {
  if (value === null) return '—';
  if (typeof value === 'number') return number(value, 3);
  if (typeof value === 'boolean') return value ? '✓' : '—';
  if (DAYS.has(field)) return calendarDay(value);
  if (field === 'plot') return farm?.plots.find(({ id }) => id === value)?.name ?? value;
  if (field === 'zone') return zoneName(value, farm);
  return CHOSEN.has(field) ? t([`diary.choice.${value}`, 'reason.other'], { key: value }) : value;
}

export function zoneName(id: string, farm: Pick<Farm, 'plots'> | undefined): string {
  return farm?.plots.flatMap(({ zones }) => zones).find((zone) => zone.id === id)?.name ?? id;
}

/** What is wrong with a revision or a file, as a sentence. */
export function problemText({
  key,
  figures,
}: {
  readonly key: string;
  readonly figures: Readonly<Record<string, string | number>>;
}): string {
  const { field } = figures;
  return sentence({
    key,
    figures: typeof field === 'string' ? { ...figures, field: fieldName(field) } : { ...figures },
  });
}
