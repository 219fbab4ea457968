import type { PGlite, Results } from '@electric-sql/pglite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';

/**
 * Kysely over PGlite: PostgreSQL compiled to WebAssembly, one process, one connection. A connection is handed out to
 * one caller at a time, so transactions are serialised; whoever holds a transaction must use it, and not the
 * database handle, until it ends.
 */
export class PGliteDialect implements Dialect {
  readonly #open: () => Promise<PGlite>;

  constructor(open: () => Promise<PGlite>) {
    this.#open = open;
  }

  createDriver() {
    return new PGliteDriver(this.#open);
  }

  createQueryCompiler() {
    return new PostgresQueryCompiler();
  }

  createAdapter() {
    return new PostgresAdapter();
  }

  createIntrospector(db: Kysely<unknown>) {
    return new PostgresIntrospector(db);
  }
}

class PGliteDriver implements Driver {
  readonly #open: () => Promise<PGlite>;
  #engine: PGlite | undefined;
  #connection: PGliteConnection | undefined;
  #held = Promise.resolve();
  #release: () => void = () => {};

  constructor(open: () => Promise<PGlite>) {
    this.#open = open;
  }

  async init() {
    this.#engine = await this.#open();
    this.#connection = new PGliteConnection(this.#engine);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#held;
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    if (this.#connection === undefined) throw new Error('the database is closed');
    return this.#connection;
  }

  async releaseConnection() {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection, settings: { isolationLevel?: string }) {
    const level = settings.isolationLevel === undefined ? '' : ` isolation level ${settings.isolationLevel}`;
    await connection.executeQuery(CompiledQuery.raw(`begin${level}`));
  }

  async commitTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection) {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  /** Waits for the transaction under way. */
  async destroy() {
    await this.#held;
    await this.#engine?.close();
    this.#engine = undefined;
    this.#connection = undefined;
  }
}

class PGliteConnection implements DatabaseConnection {
  readonly #engine: PGlite;

  constructor(engine: PGlite) {
    this.#engine = engine;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result: Results<R> = await this.#engine.query<R>(query.sql, [...query.parameters]);
    return { rows: result.rows, numAffectedRows: BigInt(result.affectedRows ?? 0) };
  }

  /** PGlite has no cursors over its one connection: the result comes whole. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}
