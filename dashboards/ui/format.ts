import { language, t } from './i18n.svelte.ts';

/** Numbers and times as the reader's language writes them. */
export function number(value: number, digits = 1): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}

/** A volumetric fraction (m³/m³) as people say it: '21,4 %'. */
export function percent(fraction: number): string {
  return `${number(fraction * 100, 1)} %`;
}

export function litres(value: number): string {
  return value >= 10_000 ? `${number(value / 1000, 1)} m³` : `${number(value, 0)} L`;
}

export function minutes(seconds: number): string {
  return seconds < 90 ? `${number(seconds, 0)} s` : `${number(seconds / 60, 0)} min`;
}

export function time(atMs: number): string {
  return new Intl.DateTimeFormat(language(), { hour: '2-digit', minute: '2-digit' }).format(atMs);
}

export function day(atMs: number): string {
  return new Intl.DateTimeFormat(language(), { day: '2-digit', month: '2-digit', year: 'numeric' }).format(
    atMs,
  );
}

export function dayAndTime(atMs: number): string {
  return new Intl.DateTimeFormat(language(), {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(atMs);
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
