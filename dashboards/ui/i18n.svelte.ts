import i18next from 'i18next';

/** What each language calls itself. */
const names = { vi: 'Tiếng Việt', en: 'English', zh: '中文' } as const;
export type Language = keyof typeof names;
const first: Language = 'vi';

/**
 * The catalogues of a page as `import.meta.glob` finds them: './messages/vi.json' → the sentences, or what loads them.
 * Those of one language, which its file is named after, are laid over each other.
 */
export type Catalogues = Readonly<Record<string, unknown>>;

const STORAGE_KEY = 'nongtin.language';
const translator = i18next.createInstance();
// Every catalogue is complete, its test sees to that. Svelte escapes what it prints.
translator.init({
  lng: first,
  resources: {},
  fallbackLng: false,
  initAsync: false,
  interpolation: { escapeValue: false },
});

let catalogues: Catalogues = {};
let current = $state<Language>(first);
let asked: Language = first;

/** Gives the page its words, in the language that the reader has asked for or chosen before. */
export async function speak(ofPage: Catalogues): Promise<void> {
  catalogues = ofPage;
  await show(wanted());
}

/**
 * The sentence of a key in the reader's language; read inside a component it follows a switch of language. For a key
 * that comes from outside: of several the first that the catalogue has, else `defaultValue` among the figures.
 */
export function t(key: string | string[], figures: Readonly<Record<string, string | number>> = {}): string {
  return translator.t(key, { ...figures, lng: current });
}

export function language(): Language {
  return current;
}

/** The languages that this page speaks, the default first. */
export function languages(): [Language, string][] {
  return (Object.entries(names) as [Language, string][]).filter(([one]) => filesOf(one).length > 0);
}

/** Rejects when the words cannot be loaded; the page goes on in the language it had. */
export async function setLanguage(next: Language): Promise<void> {
  await show(next);
  if (current !== next) return;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // A browser that stores nothing still switches, for this visit.
  }
}

async function show(next: Language): Promise<void> {
  asked = next;
  const loaded = filesOf(next).map(([, words]) => (typeof words === 'function' ? words() : words));
  for (const words of await Promise.all(loaded)) {
    translator.addResourceBundle(next, 'translation', words, true, true);
  }
  // While words were on their way another language may have been chosen.
  if (asked !== next) return;
  current = next;
  document.documentElement.lang = next;
}

function filesOf(one: Language): [string, unknown][] {
  return Object.entries(catalogues).filter(([path]) => path.endsWith(`/${one}.json`));
}

function wanted(): Language {
  const tag = new URLSearchParams(location.search).get('lang') ?? stored() ?? document.documentElement.lang;
  return languages().find(([one]) => tag.startsWith(one))?.[0] ?? first;
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
