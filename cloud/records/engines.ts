import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import { explainProblem, type Logger, StartProblem } from '@nongtin/service';
import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';
import { PGliteDialect } from './pglite-dialect.ts';

/** Object ids of PostgreSQL's built-in types (catalogue pg_type). */
const INT8 = 20;

/**
 * Both engines give a column of type int8 as a number. Entry numbers, counts and milliseconds fit; a value that a
 * number cannot hold exactly is an error, never a rounded answer. (Amounts of money and gas are numeric: a string.)
 */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number exactly`);
  return value;
}

export interface Engine {
  readonly dialect: Dialect;
  /** Frees what the engine holds beside its connections. */
  release(): void;
}

/** The engine that needs no installation, under `<dataDir>/cloud/pglite`. */
export function embeddedEngine(dataDir: string): Engine {
  const folder = join(dataDir, 'cloud', 'pglite');
  let lock: DatabaseSync | undefined;
  const open = async () => {
    try {
      mkdirSync(join(dataDir, 'cloud'), { recursive: true, mode: 0o700 });
      lock ??= lockFolder(join(dataDir, 'cloud', 'pglite.lock'));
      if (!existsSync(folder)) await initialise(folder);
    } catch (error) {
      throw explainProblem(error, { path: folder });
    }
    return openFolder(folder);
  };
  return {
    dialect: new PGliteDialect(open),
    release: () => {
      lock?.close();
      lock = undefined;
    },
  };
}

/** The folder appears whole or not at all, so that being killed meanwhile leaves nothing half-written. */
async function initialise(folder: string): Promise<void> {
  const unfinished = `${folder}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const engine = await PGlite.create({ dataDir: unfinished });
  await engine.close();
  renameSync(unfinished, folder);
}

async function openFolder(folder: string): Promise<PGlite> {
  try {
    return await PGlite.create({ dataDir: folder, parsers: { [INT8]: parseInt8 } });
  } catch (error) {
    const explained = explainProblem(error, { path: folder });
    if (explained instanceof StartProblem) throw explained;
    // The engine gives no more reason than that it aborted.
    throw new StartProblem(
      `${folder} cannot be opened: see that its disk is not full; then move it away and make it again of the change log: npm run nongtin -- cloud rebuild`,
      { cause: error },
    );
  }
}

/** SQLite's file lock ends with its process, however that dies; a lock file of ours would have to be cleaned up. */
function lockFolder(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    throw new StartProblem(
      `Another cloud process already works on ${path}: stop it, or choose another folder with NONGTIN_DATA_DIR=….`,
      { cause: error },
    );
  }
}

/** A PostgreSQL server, 14 or later. */
export function serverEngine(databaseUrl: string, logger: Logger): Engine {
  const types = {
    getTypeParser: ((oid: number, format?: 'text') =>
      oid === INT8 && format !== undefined && format !== 'text'
        ? pg.types.getTypeParser(oid, format)
        : oid === INT8
          ? parseInt8
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, types, connectionTimeoutMillis: 5_000 });
  // A connection that dies while idle is replaced at its next use; without a listener it would end the process.
  pool.on('error', (error) => logger.warn({ err: error }, 'a database connection was lost'));
  return { dialect: new PostgresDialect({ pool }), release: () => {} };
}
