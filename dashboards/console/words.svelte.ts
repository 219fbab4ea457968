import en from './messages/en.json' with { type: 'json' };
import vi from './messages/vi.json' with { type: 'json' };
import zh from './messages/zh.json' with { type: 'json' };

/** The console speaks one language more than the farm's pages: buyers' agents work with it too. The first is the default. */
export const languages = { vi: 'Tiếng Việt', en: 'English', zh: '中文' } as const;
export type Language = keyof typeof languages;
type Key = keyof typeof vi;

const catalogues: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { vi, en, zh };
/** Day, month, year in every language but the Chinese, which cannot be mistaken. */
const locales = { vi: 'vi-VN', en: 'en-GB', zh: 'zh-CN' } as const;
/** The same as on the other pages: who has chosen there has chosen here. */
const STORAGE_KEY = 'nongtin.language';

let current = $state<Language>(initialLanguage());
document.documentElement.lang = current;

/** The sentence of a key in the reader's language; read inside a component it follows a switch of language. */
export function t(key: Key, figures: Readonly<Record<string, string | number>> = {}): string {
  return catalogues[current][key].replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(figures[name] ?? ''));
}

/** How far the chain has been told something, in words. */
export function chainWords(state = 'none'): string {
  const key = `chain_${state}`;
  return isKey(key) ? t(key) : state;
}

/** Why entries were refused, in words; the cloud's own sentence where there are none. */
export function refusalWords({ kind, reason }: { readonly kind: string; readonly reason: string }): string {
  const key = `refused_${kind}`;
  return isKey(key) ? t(key) : reason;
}

export function number(value: number): string {
  return new Intl.NumberFormat(locales[current]).format(value);
}

export function dayAndTime(atMs: number): string {
  const style = {
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  return new Intl.DateTimeFormat(locales[current], style).format(atMs);
}

export function day(atMs: number): string {
  return new Intl.DateTimeFormat(locales[current]).format(atMs);
}

const STEPS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1_000, 'second'],
] as const;

/** '3 minutes ago'. */
export function ago(atMs: number, nowMs: number): string {
  const passedMs = Math.max(0, nowMs - atMs);
  const [length, unit] = STEPS.find(([ms]) => passedMs >= ms) ?? STEPS[3];
  return new Intl.RelativeTimeFormat(locales[current], { numeric: 'auto' }).format(
    -Math.floor(passedMs / length),
    unit,
  );
}

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  current = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // A browser that stores nothing still switches, for this visit.
  }
}

function isKey(key: string): key is Key {
  return key in vi;
}

function initialLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? stored() ?? 'vi';
  const short = asked.slice(0, 2);
  return short === 'en' || short === 'zh' ? short : 'vi';
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
