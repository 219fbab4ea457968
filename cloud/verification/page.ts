import { readFile, stat } from 'node:fs/promises';
import type { VerifyAnswer } from './answer.ts';
import { type Language, statusOf, words } from './words.ts';

/** The buyer's page as built from dashboards/verify, read again when it was built again; null when it is not there. */
export type PageTemplate = () => Promise<string | null>;

export function pageTemplate(path: string): PageTemplate {
  let read: { readonly mtimeMs: number; readonly text: string } | undefined;
  return async () => {
    try {
      const { mtimeMs } = await stat(path);
      if (read?.mtimeMs !== mtimeMs) read = { mtimeMs, text: await readFile(path, 'utf8') };
      return read.text;
    } catch {
      return null;
    }
  };
}

/** The page with our answer in it: readable without JavaScript, and as data for the page's own check. */
export function renderPage(template: string | null, answer: VerifyAnswer, language: Language): string {
  const summary = renderAnswer(answer, language);
  const data = `<script type="application/json" id="verify-data">${jsonInHtml(answer)}</script>`;
  if (template === null) return plainPage(language, summary);
  // A function, because a text as replacement would give '$&' and the like a meaning.
  return template
    .replace(/<html lang="[a-z]*">/, () => `<html lang="${language}">`)
    .replace('<!--answer-->', () => summary)
    .replace('<!--data-->', () => data);
}

export function plainPage(language: Language, body: string): string {
  return `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Nông Tín</title></head>
<body>${body}</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** `<` ends a script element or begins a comment in it, whatever the JSON means by it. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function renderAnswer(answer: VerifyAnswer, language: Language): string {
  const say = words[language];
  const status = statusOf(answer);
  const facts = factsOf(answer, language)
    .map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('');
  return `<main data-server-answer="${answer.answer}">
<h1>${escapeHtml(say.ours)}</h1>
<p><strong>${escapeHtml(say.status[status])}</strong></p>
${facts === '' ? '' : `<dl>${facts}</dl>`}
<p>${escapeHtml(say.noProof)}</p>
</main>`;
}

function factsOf(answer: VerifyAnswer, language: Language): [string, string][] {
  const { product, cooperative, lot } = answer;
  if (product === null || cooperative === null || lot === null) return [];
  const say = words[language];
  const code = lot.plot.plantingAreaCode;
  return [
    // Products are named in Vietnamese and English.
    [say.product, `${product.name[language === 'vi' ? 'vi' : 'en']} (GTIN ${product.gtin14})`],
    [say.cooperative, cooperative.name],
    [say.lot, lot.lotNumber],
    [say.plot, lot.plot.name],
    ...(code === undefined ? [] : [[say.code, code] satisfies [string, string]]),
    [say.harvested, dayInVietnam(lot.harvestedAtMs, say.locale)],
    [say.quantity, `${new Intl.NumberFormat(say.locale).format(lot.quantityKg)} kg`],
  ];
}

function dayInVietnam(atMs: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'Asia/Ho_Chi_Minh' }).format(atMs);
}
