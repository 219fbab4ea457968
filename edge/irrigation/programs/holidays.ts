import { dateText, type LocalDay } from './calendar.ts';

/** '2027-02-06' once, '02-06' every year. */
export function isHoliday(day: LocalDay, holidays: readonly string[]): boolean {
  const date = dateText(day);
  return holidays.some((holiday) => holiday === date || holiday === date.slice(5));
}
