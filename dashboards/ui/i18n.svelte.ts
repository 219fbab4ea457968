import i18next from 'i18next';
import en from './messages/en.json' with { type: 'json' };
import vi from './messages/vi.json' with { type: 'json' };

/** Languages with a complete catalogue, the first is the default. */
export const languages = { vi: 'Tiếng Việt', en: 'English' } as const;
export type Language = keyof typeof languages;

const STORAGE_KEY = 'nongtin.language';

const translator = i18next.createInstance();
translator.init({
  resources: { vi: { translation: vi }, en: { translation: en } },
  lng: initialLanguage(),
  fallbackLng: 'en',
  initAsync: false,
  // Svelte escapes what it prints.
  interpolation: { escapeValue: false },
});

const first: Language = translator.language === 'en' ? 'en' : 'vi';
let current = $state<Language>(first);
document.documentElement.lang = first;

/** The sentence of a key in the reader's language; read inside a component it follows a switch of language. */
export function t(key: string, figures: Record<string, string | number> = {}): string {
  return translator.t(key, { ...figures, lng: current });
}

/** Whether the catalogue knows a key, for keys that come from the gateway. */
export function known(key: string): boolean {
  return translator.exists(key);
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

function initialLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? stored() ?? document.documentElement.lang;
  return asked.startsWith('en') ? 'en' : 'vi';
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
