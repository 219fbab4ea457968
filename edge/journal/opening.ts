import { accessSync, constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Signer } from './chain.ts';
import { isLogDamaged } from './log-check.ts';
import type { DamageReport, ThreadData } from './protocol.ts';
import { finishSalvage, salvage } from './salvage.ts';
import { openDatabase } from './schema.ts';
import { JournalTables } from './tables.ts';
import { isDamage } from './trouble-of.ts';

interface Opened {
  readonly tables: JournalTables;
  readonly damage?: DamageReport;
}

/**
 * Opens the journal; a damaged one is salvaged (decision 0007), for a farm has to be watered also when a card fails.
 * What is not damage (a key of another journal, another gateway that holds it) is thrown.
 */
export function openTables(data: ThreadData): Opened {
  mkdirSync(dirname(data.path), { recursive: true });
  const problem = writeProblem(data.path);
  if (problem !== undefined) throw problem;
  finishSalvage(data.path);
  try {
    if (existsSync(data.path) && isLogDamaged(data.path)) return withOwnLog(data.path, () => saved(data));
    return { tables: new JournalTables(data) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return saved(data);
  }
}

/** Why nothing can be written there, in the system's words: SQLite calls a read-only disk an error of reading or writing. */
export function writeProblem(path: string): unknown {
  try {
    accessSync(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The same while the journal is open, when it is known where its chain ends. */
export function salvageTables(tables: JournalTables, data: ThreadData): Required<Opened> {
  const { end } = tables;
  const log = `${data.path}-wal`;
  // Closing writes the log back and deletes it; what stands in it may be all that is left of a page.
  keepLog(log);
  if (tables.isOpen) tables.close();
  bringLogBack(log);
  return saved(data, end);
}

function saved(data: ThreadData, end?: JournalTables['end']): Required<Opened> {
  const signer = new Signer(data.privateKeyPem);
  const genesis = Buffer.from(data.genesisHash, 'hex');
  const damage = salvage(data.path, { signer, genesis, end });
  return { tables: new JournalTables(data), damage };
}

/** SQLite would forget the whole end of a damaged log; but only who holds the database may touch it. */
function withOwnLog<Result>(path: string, work: () => Result): Result {
  const log = `${path}-wal`;
  keepLog(log);
  try {
    openDatabase(path).close();
  } catch (error) {
    rmSync(`${log}-kept`, { force: true });
    if (!isDamage(error)) throw error;
    return work();
  }
  bringLogBack(log);
  return work();
}

function keepLog(log: string): void {
  if (existsSync(log)) copyFileSync(log, `${log}-kept`);
}

function bringLogBack(log: string): void {
  if (!existsSync(`${log}-kept`)) return;
  copyFileSync(`${log}-kept`, log);
  rmSync(`${log}-kept`);
}
