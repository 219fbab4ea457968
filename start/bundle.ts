import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { OutputAsset, OutputChunk } from 'rolldown';

/**
 * Prints the file to run for the gateway: its sources and those libraries that it uses as a few files of plain
 * JavaScript. They take 60 MiB less memory than a thousand modules with their comments, types and unused halves.
 *
 *   node start/bundle.ts
 *
 * Built when a source or the lock file has changed (seconds; minutes on the smallest boards), else found at once.
 * Fails when it cannot be built; the sources run as well, they only weigh more.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'nongtin-gateway');

/** Each is bundled by itself, so that a thread loads nothing that only another one needs. */
const entries = [
  'edge/main.ts',
  'edge/journal/journal-worker.ts',
  'edge/codecs/codec-worker.ts',
  'edge/diary/report/report-worker.ts',
  'series/sqlite-worker.ts',
  'broker/tls/issuing-worker.ts',
];

/** They look for files beside themselves: a thread that prints logs nicely, QuickJS' WebAssembly, and what PDFs are made with. */
const left = [/^pino/, /^@jitl\//, /^quickjs-emscripten/, /^pdfkit/];

const SOURCES = ['edge', 'series', 'broker', 'accounts', 'service', 'contracts/encoding'];
/** A gateway that runs may yet load a part of the one it was started from. */
const KEPT = 3;

const folder = join(cache, sourceHash());
const main = join(folder, 'main.js');
if (!existsSync(main)) await build();
process.stdout.write(`${main}\n`);

async function build(): Promise<void> {
  // Loaded only when there is something to build.
  const { rolldown } = await import('rolldown');
  const made = `${folder}.${process.pid}`;
  try {
    for (const entry of entries) {
      const bundle = await rolldown({
        input: join(root, entry),
        cwd: root,
        platform: 'node',
        logLevel: 'silent',
        external: left,
        plugins: [{ name: 'own-places', transform: { filter: { id: /\.ts$/ }, handler: placed } }],
      });
      await bundle.write({
        dir: made,
        entryFileNames: '[name].js',
        // Functions and classes keep their names: an error that somebody sends us must be readable.
        minify: { mangle: { keepNames: true }, compress: true, codegen: { removeWhitespace: true } },
        plugins: [{ name: 'one-byte', generateBundle: (_, files) => oneByte(Object.values(files)) }],
      });
    }
    putInPlace(made);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  removeOld();
}

function putInPlace(made: string): void {
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another start has made the same meanwhile, and its gateway may run from it already.
    if (!existsSync(main)) throw error;
  }
}

/** Threads are found in the bundle, everything else where its source stands. */
function placed(code: string, id: string): string {
  const here = JSON.stringify(pathToFileURL(id).href);
  return code.replace(
    /(new URL\('\.\/[a-z-]+-worker)\.ts', import\.meta\.url\)|import\.meta\.url/g,
    (_, thread?: string) => (thread === undefined ? here : `${thread}.js', import.meta.url)`),
  );
}

/** V8 holds a text with one letter beyond Latin-1 in two bytes a letter. */
function oneByte(files: readonly (OutputChunk | OutputAsset)[]): void {
  const escaped = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`;
  for (const file of files) if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
}

function sourceHash(): string {
  const hash = createHash('sha256').update(root);
  const files = SOURCES.flatMap((one) => filesOf(join(root, one)));
  for (const file of [...files, join(root, 'package-lock.json'), fileURLToPath(import.meta.url)])
    hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function filesOf(path: string): string[] {
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.name === 'node_modules') return [];
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return filesOf(inside);
      return /(?<!\.test|\.suite)\.(ts|json)$/.test(entry.name) ? [inside] : [];
    })
    .sort();
}

function removeOld(): void {
  // One that another start is just putting in its place may be gone by now.
  const madeAtMs = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const made = readdirSync(cache)
    .map((name) => join(cache, name))
    .sort((a, b) => madeAtMs(b) - madeAtMs(a));
  for (const path of made.slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
