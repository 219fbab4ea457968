import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/**
 * Builds the pages into dist/field, dist/console and dist/verify; does nothing when dist was built from the same sources.
 *
 *   node dashboards/build.ts
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const pages = [
  { name: 'field', base: '/', further: { diary: 'diary.html', 'diary-worker': 'diary-worker.ts' } },
  { name: 'console', base: '/console/' },
  { name: 'verify', base: '/v/' },
];

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const folder of [
    'field',
    'console',
    'verify',
    'ui',
    '../contracts/encoding',
    '../broker/wire/diary',
  ]) {
    for (const file of filesOf(join(here, folder))) hash.update(file).update(readFileSync(file));
  }
  hash.update(readFileSync(join(here, 'build.ts')));
  hash.update(readFileSync(join(here, '../package-lock.json')));
  return hash.digest('hex');
}

/** The page and what else is opened by an address of its own. */
function inputs(page: string, further: Readonly<Record<string, string>> = {}): Record<string, string> {
  const files = { index: 'index.html', ...further };
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(here, page, file)]));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function builtFrom(stamp: string): string {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return '';
  }
}

const stamp = join(here, 'dist/built-from');
const hash = sourceHash();
if (builtFrom(stamp) !== hash) {
  // Loaded only when there is something to build: it takes longer than all the rest.
  const { build } = await import('vite');
  const { svelte } = await import('@sveltejs/vite-plugin-svelte');
  const head = readFileSync(join(here, 'ui/head.html'), 'utf8').trim().replaceAll('\n', '\n    ');
  const sharedHead: Plugin = {
    name: 'shared-head',
    transformIndexHtml: { order: 'pre', handler: (html) => html.replace('<!--head-->', () => head) },
  };
  for (const { name, base, further } of pages) {
    await build({
      root: join(here, name),
      base,
      configFile: false,
      logLevel: 'warn',
      plugins: [svelte({ configFile: false }), sharedHead],
      build: {
        outDir: join(here, 'dist', name),
        emptyOutDir: true,
        target: 'es2022',
        modulePreload: { polyfill: false },
        rolldownOptions: {
          input: inputs(name, further),
          // On a slow machine everything takes long; that is nothing to warn of.
          checks: { bundlerTimings: false },
          // A service worker is found by its name, and speaks for what lies beside and below it.
          output: {
            entryFileNames: (chunk) =>
              chunk.name === 'diary-worker' ? '[name].js' : 'assets/[name]-[hash].js',
          },
        },
      },
    });
  }
  writeFileSync(stamp, hash);
}
