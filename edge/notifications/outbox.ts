import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Reason } from '@nongtin/broker/wire';
import { explainProblem } from '@nongtin/service';
import type { Bucket } from './bucket.ts';
import type { Outcome } from './channels/channel.ts';
import type { Content } from './content.ts';
import type { Told } from './escalation.ts';
import type { Case } from './hearing.ts';
import { schema } from './outbox-schema.ts';
import type { ChannelName, Priority } from './settings.ts';

/**
 * `waiting` for its turn or another try; `sent`: handed to the service, which has not answered; `accepted` by it; `failed`: it
 * will not take it; `given_up`: too old, or of no use any more.
 */
type MessageState = 'waiting' | 'sent' | 'accepted' | 'failed' | 'given_up';

export interface StoredMessage {
  readonly id: string;
  readonly person: string;
  readonly channel: ChannelName;
  readonly priority: Priority;
  readonly content: Content;
  readonly state: MessageState;
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
  /** By the steady clock. */
  readonly createdMs: number;
  readonly nextMs: number;
  readonly expiresMs: number;
  readonly reason: Reason | null;
}

export interface NewMessage
  extends Pick<
    StoredMessage,
    'id' | 'person' | 'channel' | 'priority' | 'content' | 'createdAtMs' | 'createdMs' | 'expiresMs'
  > {
  /** Alarms that are told by it; empty for a test. */
  readonly tells: readonly { readonly alarmId: string; readonly told: Told }[];
  readonly bucket: Bucket;
}

type Row = Record<string, string | number | null>;

/** Messages that are done with are kept so long and so many, for people to look at. */
const KEPT_MS = 30 * 86_400_000;
const MOST_KEPT = 2_000;

/**
 * What is to be told, durable before anything is sent: one SQLite file, each change on the disk when its method returns. A
 * message, whom it tells of what, and what is left of the bucket are written together or not at all, so that no kill
 * makes one be sent twice or be forgotten.
 */
export class Outbox {
  readonly #path: string;
  #database: DatabaseSync | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  start(): void {
    try {
      const database = new DatabaseSync(this.#path, { timeout: 5_000 });
      this.#database = database;
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${schema}`);
      if (this.#path !== ':memory:') chmodSync(this.#path, 0o600);
    } catch (error) {
      this.stop();
      throw explainProblem(error, { path: this.#path });
    }
  }

  stop(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  get database(): DatabaseSync {
    if (this.#database === undefined) throw new Error('the outbox is not open');
    return this.#database;
  }

  /** All or nothing. */
  together(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  add(message: NewMessage): void {
    const { id, person, channel, priority, content, createdAtMs, createdMs, expiresMs, tells, bucket } =
      message;
    this.together(() => {
      this.#run(
        `INSERT INTO message (id, person, channel, priority, content, state, created_at_ms, changed_at_ms, created_ms, next_ms, expires_ms)
         VALUES (?, ?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?)`,
        ...[id, person, channel, priority, JSON.stringify(content), createdAtMs, createdAtMs],
        ...[Math.trunc(createdMs), Math.trunc(createdMs), Math.trunc(expiresMs)],
      );
      const put = this.database.prepare(
        `INSERT OR REPLACE INTO told (alarm_id, person, channel, times, last_ms, last, message_id, reached) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const { alarmId, told } of tells)
        put.run(
          alarmId,
          person,
          channel,
          told.times,
          Math.trunc(told.lastMs),
          told.last,
          id,
          Number(told.reached),
        );
      this.#run(
        'INSERT OR REPLACE INTO bucket (person, channel, tokens, at_ms) VALUES (?, ?, ?, ?)',
        ...[person, channel, bucket.tokens, Math.trunc(bucket.atMs)],
      );
    });
  }

  /** The next one for a channel, the most urgent first. One that was under way when the gateway was killed comes again. */
  next(channel: ChannelName, nowMs: number): StoredMessage | undefined {
    const row = this.database
      .prepare(
        `SELECT * FROM message WHERE channel = ? AND state IN ('waiting', 'sent') AND next_ms <= ?
         ORDER BY CASE priority WHEN 'critical' THEN 0 WHEN 'high' THEN 1 ELSE 2 END, created_ms LIMIT 1`,
      )
      .get(channel, nowMs) as Row | undefined;
    return row && messageOf(row);
  }

  /** On the disk before the service hears of it. */
  sending(id: string, atMs: number): void {
    this.#run(
      `UPDATE message SET state = 'sent', attempts = attempts + 1, changed_at_ms = ? WHERE id = ?`,
      ...[atMs, id],
    );
  }

  /** What has become of it; of a `later`, when it is tried again. */
  settle(id: string, outcome: Outcome, atMs: number, nextMs: number): void {
    const state = { accepted: 'accepted', later: 'waiting', refused: 'failed' }[outcome.outcome];
    const reason = outcome.outcome === 'accepted' ? null : JSON.stringify(outcome.reason);
    const reference = outcome.outcome === 'accepted' ? (outcome.reference ?? null) : null;
    this.together(() => {
      this.#run(
        `UPDATE message SET state = ?, reason = ?, reference = ?, changed_at_ms = ?, next_ms = ? WHERE id = ?`,
        ...[state, reason, reference, atMs, Math.trunc(nextMs), id],
      );
      if (state === 'accepted') this.#run('UPDATE told SET reached = 1 WHERE message_id = ?', id);
    });
  }

  /** `isForgotten`: those whom it was to tell have not been told, and nobody needs to hear that it is over. */
  giveUp(id: string, reason: Reason, atMs: number, isForgotten: boolean): void {
    this.together(() => {
      this.#run(
        `UPDATE message SET state = 'given_up', reason = ?, changed_at_ms = ? WHERE id = ?`,
        ...[JSON.stringify(reason), atMs, id],
      );
      if (isForgotten) this.#run('DELETE FROM told WHERE message_id = ?', id);
    });
  }

  /** Newest first. */
  list(limit: number): StoredMessage[] {
    const rows = this.database
      .prepare('SELECT * FROM message ORDER BY created_at_ms DESC, rowid DESC LIMIT ?')
      .all(limit) as Row[];
    return rows.map(messageOf);
  }

  message(id: string): StoredMessage | undefined {
    const row = this.database.prepare('SELECT * FROM message WHERE id = ?').get(id) as Row | undefined;
    return row && messageOf(row);
  }

  alarmsOf(id: string): string[] {
    const rows = this.database.prepare('SELECT alarm_id FROM told WHERE message_id = ?').all(id) as Row[];
    return rows.map((row) => String(row.alarm_id));
  }

  cases(): Case[] {
    const rows = this.database.prepare('SELECT known FROM alarm').all() as Row[];
    return rows.map((row) => JSON.parse(String(row.known)) as Case);
  }

  /** Undefined: done with, and with it who was told of it. */
  keepCases(changes: Iterable<readonly [alarmId: string, known: Case | undefined]>): void {
    this.together(() => {
      const put = this.database.prepare('INSERT OR REPLACE INTO alarm (alarm_id, known) VALUES (?, ?)');
      const drop = this.database.prepare('DELETE FROM alarm WHERE alarm_id = ?');
      const forget = this.database.prepare('DELETE FROM told WHERE alarm_id = ?');
      for (const [alarmId, known] of changes) {
        if (known !== undefined) put.run(alarmId, JSON.stringify(known));
        else {
          drop.run(alarmId);
          forget.run(alarmId);
        }
      }
    });
  }

  /** By alarm, then 'PERSON CHANNEL'. */
  told(): Map<string, Map<string, Told>> {
    const found = new Map<string, Map<string, Told>>();
    const rows = this.database
      .prepare(
        `SELECT told.*, coalesce(message.state IN ('waiting', 'sent'), 0) AS open
         FROM told LEFT JOIN message ON message.id = told.message_id`,
      )
      .iterate() as Iterable<Row>;
    for (const row of rows) {
      const alarmId = String(row.alarm_id);
      const of = found.get(alarmId) ?? new Map<string, Told>();
      found.set(alarmId, of);
      of.set(`${row.person} ${row.channel}`, {
        times: Number(row.times),
        lastMs: Number(row.last_ms),
        last: row.last === 'over' ? 'over' : 'alarm',
        reached: row.reached === 1,
        open: row.open === 1,
      });
    }
    return found;
  }

  bucket(person: string, channel: ChannelName): Bucket | undefined {
    const row = this.database
      .prepare('SELECT tokens, at_ms FROM bucket WHERE person = ? AND channel = ?')
      .get(person, channel) as Row | undefined;
    return row && { tokens: Number(row.tokens), atMs: Number(row.at_ms) };
  }

  /** How many are under way, by channel. */
  waiting(): Map<ChannelName, number> {
    const rows = this.database
      .prepare(
        `SELECT channel, count(*) AS n FROM message WHERE state IN ('waiting', 'sent') GROUP BY channel`,
      )
      .all() as Row[];
    return new Map(rows.map((row) => [row.channel as ChannelName, Number(row.n)]));
  }

  steadyMs(): number {
    const row = this.database.prepare('SELECT steady_ms FROM clock').get() as Row | undefined;
    return Number(row?.steady_ms ?? 0);
  }

  keepSteadyMs(ms: number): void {
    this.#run('INSERT OR REPLACE INTO clock (one, steady_ms) VALUES (1, ?)', Math.trunc(ms));
  }

  /** Lets go of what is done with and old, or more than anybody looks at. */
  tidy(nowAtMs: number): void {
    const done = `state IN ('accepted', 'failed', 'given_up')`;
    this.#run(`DELETE FROM message WHERE ${done} AND changed_at_ms < ?`, nowAtMs - KEPT_MS);
    this.#run(
      `DELETE FROM message WHERE ${done} AND rowid NOT IN (SELECT rowid FROM message ORDER BY created_at_ms DESC LIMIT ?)`,
      MOST_KEPT,
    );
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.database.prepare(sql).run(...values);
  }
}

function messageOf(row: Row): StoredMessage {
  return {
    id: String(row.id),
    person: String(row.person),
    channel: row.channel as ChannelName,
    priority: row.priority as Priority,
    content: JSON.parse(String(row.content)) as Content,
    state: row.state as MessageState,
    attempts: Number(row.attempts),
    createdAtMs: Number(row.created_at_ms),
    changedAtMs: Number(row.changed_at_ms),
    createdMs: Number(row.created_ms),
    nextMs: Number(row.next_ms),
    expiresMs: Number(row.expires_ms),
    reason: row.reason === null ? null : (JSON.parse(String(row.reason)) as Reason),
  };
}
