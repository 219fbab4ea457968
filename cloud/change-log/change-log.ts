import { randomUUID } from 'node:crypto';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import { type Change, LogDamaged, type LogFiles, type Tail } from './log-files.ts';
import { attachTriggers, changeEverything } from './logged.ts';

export interface ChangeLogOptions {
  readonly db: Kysely<Schema>;
  readonly files: LogFiles;
  readonly logger: Logger;
  /** Between two looks for what has changed; default a second. */
  readonly everyMs?: number;
}

/**
 * away: the folder cannot be written; what changes waits in the database. set_back: the log knows more than the database, which
 * was put back to an older copy. foreign: the folder has the log of another database. damaged: its files are not what we wrote.
 */
export type ChangeLogState = 'starting' | 'ok' | 'away' | 'set_back' | 'foreign' | 'damaged' | 'our_fault';

export interface ChangeLogStatus {
  readonly state: ChangeLogState;
  readonly message: string;
  /** In the log's files. */
  readonly lines: number;
}

class NotWritten extends Error {
  readonly state: ChangeLogState;
  constructor(state: ChangeLogState, message: string, cause?: unknown) {
    super(message, { cause });
    this.state = state;
  }
}

/** In one pass: so many lines may be in the files twice after a crash, which changes nothing for who reads them. */
const PASS = 1_000;

/**
 * Moves what the triggers have noted into the log's files, in the order in which it was noted, and only then out of the database.
 * One process for each database does it; whichever processes write the database.
 */
export class ChangeLog {
  readonly #options: ChangeLogOptions;
  #tail: Tail | undefined;
  #status: ChangeLogStatus = { state: 'starting', message: '', lines: 0 };
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ChangeLogOptions) {
    this.#options = options;
  }

  /** From when it resolves on nothing is missed; a folder that is away does not keep it. */
  async start(): Promise<void> {
    await attachTriggers(this.#options.db);
    await this.tick();
    this.#timer = setInterval(() => void this.tick(), this.#options.everyMs ?? 1_000);
  }

  /** After what changed last is in the files, if they can be written. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.tick();
    await this.#options.files.close();
    this.#tail = undefined;
  }

  status(): ChangeLogStatus {
    return this.#status;
  }

  /** Also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void> {
    this.#running = this.#running.then(() => this.#guarded());
    return this.#running;
  }

  async #guarded(): Promise<void> {
    try {
      this.#tail ??= await this.#open();
      while ((await this.#pass()) === PASS);
      this.#report('ok', '');
    } catch (error) {
      this.#tail = undefined;
      const { folder } = this.#options.files;
      if (error instanceof NotWritten) this.#report(error.state, error.message, error.cause);
      else if (error instanceof LogDamaged) this.#report('damaged', `${error.message} ${ANEW}`);
      else if (isOfFiles(error))
        this.#report('away', `${folder} cannot be written; what changes waits in the database.`, error);
      else this.#report('our_fault', 'the change log failed; see the log', error);
    }
  }

  /** The log of this database, or a new one with all that there is in it. */
  async #open(): Promise<Tail> {
    const { db, files } = this.#options;
    const known = await db.selectFrom('change_log').selectAll().executeTakeFirst();
    const found = await files.open(PASS);
    if (found === undefined) return this.#begin(known !== undefined);
    const { tail, last } = found;
    if (known === undefined || known.log_id !== tail.logId) {
      // Begun a moment before a crash.
      if (known === undefined && tail.lines === 0) return this.#note(tail);
      throw new NotWritten('foreign', `${files.folder} has the change log of another database. ${ANEW}`);
    }
    const more = tail.lines - known.lines;
    if (more === 0 && tail.hash === known.tail_hash) return tail;
    const isAhead = more > 0 && more <= last.length;
    if (isAhead && (await this.#areWaiting(last.slice(-more)))) return tail;
    if (more > 0)
      throw new NotWritten(
        'set_back',
        `${files.folder} knows ${more} changes that the database does not: it was set back. Rebuild it from the log (nongtin cloud rebuild). ${ANEW}`,
      );
    const what =
      more === 0 ? 'The last changes are others than they were' : `The last ${-more} changes are missing`;
    throw new NotWritten('damaged', `${what} in ${files.folder}. ${ANEW}`);
  }

  async #begin(isAnew: boolean): Promise<Tail> {
    const { db, files, logger } = this.#options;
    const tail = await files.begin(randomUUID());
    if (isAnew)
      logger.warn({ folder: files.folder }, 'the change log is not there: it begins anew, with all there is');
    await db.transaction().execute(async (transaction) => {
      await this.#note(tail, transaction);
      if (isAnew) await changeEverything(transaction);
    });
    return tail;
  }

  /** Whether the process died between writing them and taking them out: the next pass writes them again, to the same effect. */
  async #areWaiting(changes: readonly Change[]): Promise<boolean> {
    const ids = changes.map(({ changeId }) => changeId);
    const { db } = this.#options;
    const rows = await db.selectFrom('changes').select('change_id').where('change_id', 'in', ids).execute();
    return rows.length === new Set(ids).size;
  }

  /** How many were moved. */
  async #pass(): Promise<number> {
    const { db, files } = this.#options;
    const rows = await db.selectFrom('changes').selectAll().orderBy('change_id').limit(PASS).execute();
    if (rows.length === 0) return 0;
    const tail = await files.append(
      rows.map(({ change_id, changed_table, is_deleted, content }) => ({
        ...{ changeId: change_id, table: changed_table, isDeleted: is_deleted, content },
      })),
    );
    const ids = rows.map(({ change_id }) => change_id);
    await db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('changes').where('change_id', 'in', ids).execute();
      await this.#note(tail, transaction);
    });
    this.#tail = tail;
    return rows.length;
  }

  async #note(tail: Tail, db = this.#options.db): Promise<Tail> {
    const row = { log_id: tail.logId, lines: tail.lines, tail_hash: tail.hash };
    await db
      .insertInto('change_log')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    return tail;
  }

  #report(state: ChangeLogState, message: string, error?: unknown): void {
    const lines = this.#tail?.lines ?? this.#status.lines;
    const isNew = state !== this.#status.state || message !== this.#status.message;
    this.#status = { state, message, lines };
    const { logger } = this.#options;
    if (!isNew) return;
    if (state === 'ok') logger.info({ lines }, 'the change log is complete');
    else logger.error({ state, ...(error === undefined ? {} : { err: error }) }, message);
  }
}

const ANEW = 'Or move its files away: a new log begins, with all that the database has.';

function isOfFiles(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall !== undefined && syscall !== 'connect' && /^E[A-Z]+$/.test(code ?? '');
}
