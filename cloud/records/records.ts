import { type Logger, StartProblem } from '@nongtin/service';
import { Kysely, Migrator } from 'kysely';
import { embeddedEngine, serverEngine } from './engines.ts';
import { migrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';

export interface RecordsOptions {
  /** Root of the state; the embedded engine keeps its files in `cloud/pglite` below it. */
  readonly dataDir: string;
  /** postgres://…; without it the embedded engine serves. */
  readonly databaseUrl?: string;
  readonly logger: Logger;
}

/** The records' database. `db` may be used between start and stop. */
export interface Records {
  readonly db: Kysely<Schema>;
  /** Opens the engine and brings the tables up to date. May be retried. */
  start(): Promise<void>;
  /** Waits for the transaction under way, then closes. */
  stop(): Promise<void>;
}

export function openRecords(options: RecordsOptions): Records {
  const engine =
    options.databaseUrl === undefined
      ? embeddedEngine(options.dataDir)
      : serverEngine(options.databaseUrl, options.logger);
  const db = new Kysely<Schema>({ dialect: engine.dialect });
  return {
    db,
    start: () => migrate(db, options.logger),
    stop: async () => {
      await db.destroy();
      engine.release();
    },
  };
}

/** All of a migration or nothing of it, under Kysely's advisory lock: two processes may start at once. */
async function migrate(db: Kysely<Schema>, logger: Logger): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error, results } = await migrator.migrateToLatest();
  for (const { migrationName, status } of results ?? []) logger.info({ migrationName, status }, 'migration');
  if (error !== undefined) throw unreachable(error) ?? error;
}

/** The address stays unsaid: it may hold a password. */
function unreachable(error: unknown): StartProblem | undefined {
  const { code = '' } = (error ?? {}) as { code?: string };
  // 28…: wrong user or password; 3D000: no such database; 57P03: still starting (PostgreSQL, appendix A).
  if (!/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|28...|3D000|57P03)$/.test(code)) return undefined;
  const what = 'The database at NONGTIN_DATABASE_URL does not let us in';
  return new StartProblem(
    `${what} (${code}): check that PostgreSQL runs there and the address, or unset it to use the built-in one.`,
    { cause: error },
  );
}
