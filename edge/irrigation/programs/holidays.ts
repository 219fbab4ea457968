import { dateText, dayOfText, type LocalDay } from './calendar.ts';

/** '2027-02-06' once, '02-06' every year. */
export function isHoliday(day: LocalDay, holidays: readonly string[]): boolean {
  const date = dateText(day);
  return holidays.some((holiday) => holiday === date || holiday === date.slice(5));
}

/** Whether such a day can ever come; 29 February does in leap years. */
export function isDate(holiday: string): boolean {
  return dayOfText(/^\d{2}-\d{2}$/.test(holiday) ? `2028-${holiday}` : holiday) !== null;
}
