import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
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

/** In one pass, which a crash may interrupt. */
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
      if (error instanceof NotWritten) this.#report(error.state, error.message, error.cause);
      else if (error instanceof LogDamaged) this.#report('damaged', `${error.message} ${ANEW}`);
      else this.#report('our_fault', 'the change log failed; see the log', error);
    }
  }

  /** The log of this database, or a new one with all that there is in it. */
  async #open(): Promise<Tail> {
    const { db, files } = this.#options;
    const known = await db.selectFrom('change_log').selectAll().executeTakeFirst();
    const found = await onDisk(files, () => files.open(PASS));
    if (found === undefined) return this.#begin(known !== undefined);
    const { tail, last } = found;
    if (known?.log_id !== tail.logId) {
      // Begun a moment before a crash.
      if (tail.lines === 0) return this.#adopt(tail, known !== undefined);
      throw new NotWritten(
        'foreign',
        `${files.folder} has another change log than the one that this database writes. ${ANEW}`,
      );
    }
    const more = tail.lines - known.lines;
    if (more === 0 && tail.hash === known.tail_hash) return tail;
    const isAhead = more > 0 && more <= last.length;
    if (isAhead && (await this.#areWaiting(last.slice(-more)))) return this.#moved(last.slice(-more), tail);
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
    const { files } = this.#options;
    // Where a stick is to be and is not, everything would be written to the disk that it is to help against.
    if (isAnew && !existsSync(files.folder))
      throw new NotWritten(
        'away',
        `${files.folder} is not there any more: bring it back, or make it for a new log.`,
      );
    const tail = await onDisk(files, () => files.begin(randomUUID()));
    return this.#adopt(tail, isAnew);
  }

  /** An empty log; `isAnew`: what the database has is in none. */
  async #adopt(tail: Tail, isAnew: boolean): Promise<Tail> {
    const { db, files, logger } = this.#options;
    if (isAnew) logger.warn({ folder: files.folder }, 'a new change log begins, with all there is');
    await db.transaction().execute(async (transaction) => {
      await this.#note(tail, transaction);
      if (isAnew) await changeEverything(transaction);
    });
    return tail;
  }

  /** Whether the process died between writing them and taking them out. */
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
    const changes = rows.map(({ change_id, changed_table, is_deleted, content }) => ({
      ...{ changeId: change_id, table: changed_table, isDeleted: is_deleted, content },
    }));
    this.#tail = await this.#moved(changes, await onDisk(files, () => files.append(changes)));
    return rows.length;
  }

  /** They are in the files now, which end so. */
  async #moved(changes: readonly Change[], tail: Tail): Promise<Tail> {
    const ids = changes.map(({ changeId }) => changeId);
    await this.#options.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('changes').where('change_id', 'in', ids).execute();
      await this.#note(tail, transaction);
    });
    return tail;
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

/** What the disk refuses keeps the changes in the database. */
async function onDisk<T>({ folder }: LogFiles, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogDamaged) throw error;
    throw new NotWritten('away', `${folder} cannot be written; what changes waits in the database.`, error);
  }
}
