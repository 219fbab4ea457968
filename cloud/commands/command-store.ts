import type { CommandOutcome, RemoteCommand } from '@nongtin/broker/wire';
import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { CommandState } from './tables.ts';

type Row = Selectable<Schema['remote_commands']>;
type StepRow = Selectable<Schema['remote_command_steps']>;

export interface KeptCommand {
  readonly gatewayId: string;
  readonly command: RemoteCommand;
  readonly state: CommandState;
  /** How often it was handed to the gateway's connection. */
  readonly sends: number;
  readonly steps: readonly KeptStep[];
}

interface KeptStep extends Omit<CommandOutcome, 'commandId'> {
  readonly receivedAtMs: number | null;
  readonly entryNumber: number | null;
}

/** In the order in which they follow each other. */
const STEPS = ['accepted', 'started', 'finished', 'refused', 'expired', 'interrupted'];

/** The rows of commands. "No such row" is undefined, not an exception. */
export function commandStore(db: Kysely<Schema>) {
  return {
    /** False: its id is taken. */
    insert: async (gateway: string, command: RemoteCommand, issuedByEmail: string): Promise<boolean> => {
      const { id, issuedAtMs, expiresAtMs } = command;
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('remote_commands')
        .values({
          ...{ command_id: id, gateway_id: gateway, body: JSON.stringify(command) },
          ...{ issued_by_email: issuedByEmail, issued_at_ms: issuedAtMs, expires_at_ms: expiresAtMs },
          ...{ state: 'waiting', sends: 0, sent_at_ms: null },
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    get: async (id: string): Promise<KeptCommand | undefined> => {
      const rows = db.selectFrom('remote_commands').selectAll().where('command_id', '=', id);
      return (await withSteps(db, await rows.execute()))[0];
    },
    newest: async (gateway: string, limit: number): Promise<KeptCommand[]> => {
      const rows = db
        .selectFrom('remote_commands')
        .selectAll()
        .where('gateway_id', '=', gateway)
        .orderBy('issued_at_ms', 'desc')
        .orderBy('command_id')
        .limit(limit);
      return withSteps(db, await rows.execute());
    },
    /** Those that the gateway has not answered and that are not too late, oldest first. */
    toSend: async (gateway: string, nowMs: number): Promise<RemoteCommand[]> => {
      const rows = await openOf(db, gateway)
        .select('body')
        .where('expires_at_ms', '>', nowMs)
        .orderBy('issued_at_ms')
        .orderBy('command_id')
        .execute();
      return rows.map(({ body }) => JSON.parse(body) as RemoteCommand);
    },
    countOpen: async (gateway: string): Promise<number> => {
      const { open } = await openOf(db, gateway)
        .select((eb) => eb.fn.countAll<number>().as('open'))
        .executeTakeFirstOrThrow();
      return open;
    },
    /** Before it is sent: what may have left us can no longer be withdrawn. False: it is not to be sent any more. */
    markSent: async (id: string, nowMs: number): Promise<boolean> => {
      const { numUpdatedRows } = await db
        .updateTable('remote_commands')
        .set((eb) => ({ state: 'sent', sent_at_ms: nowMs, sends: eb('sends', '+', 1) }))
        .where('command_id', '=', id)
        .where('state', 'in', ['waiting', 'sent'])
        .where('expires_at_ms', '>', nowMs)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    /** False: it is not waiting any more. */
    withdraw: async (id: string): Promise<boolean> => {
      const { numUpdatedRows } = await db
        .updateTable('remote_commands')
        .set({ state: 'withdrawn' })
        .where('command_id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    /** What was never sent is expired; what was sent and is not answered some time after its expiry is unanswered. */
    closeOverdue: async (nowMs: number, answerMs: number): Promise<void> => {
      await overdue(db, 'waiting', nowMs).set({ state: 'expired' }).execute();
      await overdue(db, 'sent', nowMs - answerMs)
        .set({ state: 'unanswered' })
        .execute();
    },
  };
}

function openOf(db: Kysely<Schema>, gateway: string) {
  return db
    .selectFrom('remote_commands')
    .where('gateway_id', '=', gateway)
    .where('state', 'in', ['waiting', 'sent']);
}

function overdue(db: Kysely<Schema>, state: CommandState, beforeMs: number) {
  return db.updateTable('remote_commands').where('state', '=', state).where('expires_at_ms', '<=', beforeMs);
}

async function withSteps(db: Kysely<Schema>, rows: readonly Row[]): Promise<KeptCommand[]> {
  if (rows.length === 0) return [];
  const steps = await db
    .selectFrom('remote_command_steps')
    .selectAll()
    .where(
      'command_id',
      'in',
      rows.map((row) => row.command_id),
    )
    .execute();
  return rows.map((row) => ({
    gatewayId: row.gateway_id,
    command: JSON.parse(row.body) as RemoteCommand,
    state: row.state,
    sends: row.sends,
    steps: steps
      .filter((step) => step.command_id === row.command_id)
      .sort((a, b) => STEPS.indexOf(a.step) - STEPS.indexOf(b.step))
      .map(keptStep),
  }));
}

function keptStep(row: StepRow): KeptStep {
  const { commandId: _, ...outcome } = JSON.parse(row.outcome) as CommandOutcome;
  return { ...outcome, receivedAtMs: row.received_at_ms, entryNumber: row.entry_number };
}
