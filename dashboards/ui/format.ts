import { language, t } from './i18n.svelte.ts';

/** Day, month, year: 11/12 must not mean two days. The Chinese begins with the year, which cannot be mistaken. */
const locales = { vi: 'vi-VN', en: 'en-GB', zh: 'zh-CN' } as const;
const locale = () => locales[language()];

/** Numbers and times as the reader's language writes them. */
export function number(value: number, digits = 1, atLeastDigits = 0): string {
  return new Intl.NumberFormat(locale(), {
    minimumFractionDigits: atLeastDigits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A volumetric fraction (m³/m³) as people say it: '21,4 %'. */
export function percent(fraction: number, digits = 1): string {
  return `${number(fraction * 100, digits, 1)}\u00a0%`;
}

export function litres(value: number): string {
  return value >= 10_000 ? `${number(value / 1000, 1)} m³` : `${number(value, 0)} L`;
}

export function minutes(seconds: number): string {
  return seconds < 90
    ? t('common.seconds', { value: number(seconds, 0) })
    : t('common.minutes', { value: number(seconds / 60, 0) });
}

export function timeOfDay(atMs: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }).format(atMs);
}

export function day(atMs: number): string {
  return new Intl.DateTimeFormat(locale(), { day: '2-digit', month: '2-digit', year: 'numeric' }).format(
    atMs,
  );
}

/** A day of the calendar, '2026-11-24', wherever the reader is; what is none stays as it is. */
export function calendarDay(date: string): string {
  const atMs = Date.parse(`${date}T00:00:00Z`);
  if (!Number.isFinite(atMs)) return date;
  const options = { day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(locale(), options).format(atMs);
}

/** The same without its year, '24/11'. */
export function dayOfYear(date: string): string {
  const options = { day: '2-digit', month: '2-digit', timeZone: 'UTC' } as const;
  return new Intl.DateTimeFormat(locale(), options).format(Date.parse(`${date}T00:00:00Z`));
}

/** 9 → 'tháng 9', 'September', '9'. */
export function monthName(month: number): string {
  // As within a date: on its own the Vietnamese one begins with a capital.
  const format = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'long', timeZone: 'UTC' });
  const parts = format.formatToParts(Date.UTC(2026, month - 1));
  return parts.find(({ type }) => type === 'month')?.value ?? String(month);
}

export function dayAndTime(atMs: number): string {
  return new Intl.DateTimeFormat(locale(), {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(atMs);
}

/** '45 giây', '12 phút', '3 giờ', '2 ngày'. */
export function duration(seconds: number): string {
  if (seconds < 90 * 60) return minutes(seconds);
  if (seconds < 36 * 3600) return t('common.hours', { value: number(seconds / 3600, 0) });
  return t('common.days', { value: number(seconds / 86_400, 0) });
}

/** '5 phút trước'. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 5) return t('common.ago.now');
  if (seconds < 90) return t('common.ago.seconds', { count: seconds });
  if (seconds < 90 * 60) return t('common.ago.minutes', { count: Math.round(seconds / 60) });
  if (seconds < 36 * 3600) return t('common.ago.hours', { count: Math.round(seconds / 3600) });
  return t('common.ago.days', { count: Math.round(seconds / 86_400) });
}
