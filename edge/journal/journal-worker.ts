import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { giveBack } from './bytes.ts';
import { openTables, salvageTables, writeProblem } from './opening.ts';
import type { Answer, Commit, Committed, Request, ThreadData } from './protocol.ts';
import { DiskReserve } from './reserve.ts';
import type { JournalTables } from './tables.ts';
import { isDamage, isFull, troubleOf } from './trouble-of.ts';

/**
 * The journal's thread: commits, reads and cursors, so that neither an fsync nor a signature holds up control.
 * It imports nothing but Node's own modules, so that it is up at once on a small board.
 */
const RETRY_MS = 1_000;

// A buffer of its own for whatever is made here, so that each can be given back; Node's pool keeps 64 KiB for the last of them.
Buffer.poolSize = 0;

function serve(port: MessagePort, data: ThreadData): void {
  try {
    const { tables, damage } = openTables(data);
    const reserve = new DiskReserve(data.path);
    if (!reserve.keep()) tables.stopGrowing(() => reserve.freeBytes());
    const tail = { ...tables.tail(), ...(damage === undefined ? {} : { damage }) };
    port.postMessage({ answer: 'opened', tail } satisfies Answer);
    new Server(port, data, reserve, tables).listen();
  } catch (error) {
    port.postMessage({ answer: 'refused', why: troubleOf(error) } satisfies Answer);
    port.close();
  }
}

/** A commit that fails is tried again each second until it succeeds; readers are served meanwhile. */
class Server {
  readonly #port: MessagePort;
  readonly #data: ThreadData;
  readonly #reserve: DiskReserve;
  #tables: JournalTables;
  #retry: NodeJS.Timeout | undefined;
  #saving: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, data: ThreadData, reserve: DiskReserve, tables: JournalTables) {
    this.#port = port;
    this.#data = data;
    this.#reserve = reserve;
    this.#tables = tables;
  }

  listen(): void {
    this.#port.on('message', (request: Request) => {
      if (request.ask === 'commit') return this.#commit(request);
      try {
        const value = this.#withSalvage(() => this.#answer(request));
        this.#send({ answer: 'done', id: request.id, value });
      } catch (error) {
        this.#send({ answer: 'failed', id: request.id, message: (error as Error).message });
      }
      if (request.ask === 'close') this.#end();
    });
  }

  #send(answer: Answer, handedOver: ArrayBufferLike[] = []): void {
    this.#port.postMessage(
      answer,
      handedOver.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  }

  #commit(request: Request & { ask: 'commit' }): void {
    let value: Committed;
    try {
      value = this.#withSalvage(() => this.#commitWithRoom(request));
    } catch (error) {
      this.#send({ answer: 'trouble', why: troubleOf(writeProblem(this.#data.path) ?? error) });
      this.#retry = setTimeout(() => this.#commit(request), RETRY_MS);
      return;
    }
    const { readings } = request.commit;
    const handedBack = value.readings === undefined ? [] : [value.readings.payload.buffer];
    this.#send({ answer: 'done', id: request.id, value }, handedBack);
    if (readings !== undefined) for (const bytes of [readings.payload, readings.keys]) giveBack(bytes);
  }

  /** Damage is found where it is read: what is whole is carried over, and the question asked again. */
  #withSalvage<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw error;
      const { tables, damage } = salvageTables(this.#tables, this.#data);
      this.#tables = tables;
      this.#send({ answer: 'salvaged', damage });
      return work();
    }
  }

  /**
   * On a full disk: in the room that somebody has made meanwhile, or that was set aside; else by giving something up;
   * else, when the journal is too small for that, in what is left.
   */
  #commitWithRoom({ commit }: Request & { ask: 'commit' }): Committed {
    const stored = this.#commitUnlessFull(commit);
    if (stored !== undefined) return stored;
    const tables = this.#tables;
    const freeBytes = () => this.#reserve.freeBytes();
    this.#reserve.free();
    if (tables.stopGrowing(freeBytes)) {
      const grown = this.#commitUnlessFull(commit);
      if (grown !== undefined) return grown;
    }
    const report = tables.makeRoom({ ...commit, mayPack: false });
    if (report === undefined) tables.growIntoLast(freeBytes);
    else this.#send({ answer: 'room', report });
    return tables.commit(commit);
  }

  #commitUnlessFull(commit: Commit): Committed | undefined {
    try {
      return this.#tables.commit(commit);
    } catch (error) {
      if (isFull(error)) return undefined;
      throw error;
    }
  }

  #answer(request: Exclude<Request, { ask: 'commit' }>): unknown {
    const tables = this.#tables;
    switch (request.ask) {
      case 'read':
        return tables.read(request.after, request.limit);
      case 'cursor':
        return tables.cursors.number(request.name, request.nowMs);
      case 'moveCursor':
        tables.cursors.move(request.name, request.number, request.nowMs);
        this.#saving ??= setTimeout(() => this.#saveCursors(), this.#data.cursorsSavedMs);
        return undefined;
      case 'records':
        return tables.records(request.kind, request.limit);
      case 'recordsAfter':
        return tables.recordsAfter(request.kind, request.after, request.limit, request.span);
      case 'newest':
        return tables.newest(request.kind, request.field);
      case 'upkeep': {
        if (this.#reserve.keep()) tables.growAgain();
        const report = tables.upkeep(request.upkeep);
        if (!report.more && request.upkeep.mayPack) tables.lookThrough();
        return report;
      }
      case 'close':
        this.#saveCursors();
        return tables.close();
    }
  }

  #saveCursors(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    try {
      this.#tables.cursors.save();
    } catch {
      // A disk that refuses is told by the commits; the next move saves again.
    }
  }

  #end(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#saving);
    this.#port.close();
  }
}

if (parentPort !== null) serve(parentPort, workerData);
