import { minuteOfDay, minutesOfText } from '../irrigation/programs/calendar.ts';
import type { Person } from './settings.ts';

/** Whether this person is to be left alone now, but for what is critical. `from` belongs to the quiet, `to` does not. */
export function isQuiet(
  { quietHours }: Pick<Person, 'quietHours'>,
  timeZone: string,
  nowMs: number,
): boolean {
  const from = minutesOfText(quietHours?.from ?? '');
  const to = minutesOfText(quietHours?.to ?? '');
  if (from === null || to === null) return false;
  const now = minuteOfDay(timeZone, nowMs);
  return from < to ? from <= now && now < to : now >= from || now < to;
}
