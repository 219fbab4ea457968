import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { openRecords } from '../records/index.ts';

const migrations = fileURLToPath(new URL('../records/migrations', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nongtin-records', import.meta.url));

/**
 * A folder for a test's data, in which the embedded records are made and up to date: making them takes three seconds of processor
 * time, copying them a third of one. Made once for these migrations and this engine. Tests of a first start take an empty folder.
 */
export async function recordsFolder(prefix: string): Promise<string> {
  const made = join(cache, madeOf());
  if (!existsSync(made)) await make(made);
  const folder = mkdtempSync(join(tmpdir(), prefix));
  mkdirSync(join(folder, 'cloud'), { mode: 0o700 });
  cpSync(join(made, 'cloud', 'pglite'), join(folder, 'cloud', 'pglite'), { recursive: true });
  return folder;
}

async function make(folder: string): Promise<void> {
  const unfinished = `${folder}.${process.pid}`;
  const records = openRecords({ dataDir: unfinished, logger: pino({ enabled: false }) });
  await records.start();
  await records.stop();
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another worker was faster.
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function madeOf(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(migrations).sort())
    hash.update(name).update(readFileSync(join(migrations, name)));
  const engine = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  return hash
    .update(readFileSync(join(engine, '../../package.json')))
    .digest('hex')
    .slice(0, 32);
}
