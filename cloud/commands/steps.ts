import type { CommandOutcome, CommandStep } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** How a step came to us. */
interface Source {
  readonly receivedAtMs: number | null;
  readonly entryNumber: number | null;
}

/**
 * The step that tells most, first. A gateway says one last word; should it have refused a copy of a command that it took
 * later, what was done counts.
 */
const TELLING: readonly CommandStep[] = [
  'finished',
  'interrupted',
  'expired',
  'refused',
  'started',
  'accepted',
];

/**
 * Keeps what a gateway says of a command, once, whichever way it comes first. Only the gateway that the command was for is
 * believed.
 */
export async function takeStep(
  trx: Kysely<Schema>,
  gateway: string,
  outcome: CommandOutcome,
  { receivedAtMs, entryNumber }: Source,
): Promise<'taken' | 'unknown' | 'foreign'> {
  const { commandId, step, atMs } = outcome;
  const command = await trx
    .selectFrom('remote_commands')
    .select('gateway_id')
    .where('command_id', '=', commandId)
    .executeTakeFirst();
  if (command === undefined) return 'unknown';
  if (command.gateway_id !== gateway) return 'foreign';
  const source = {
    ...(receivedAtMs === null ? {} : { received_at_ms: receivedAtMs }),
    ...(entryNumber === null ? {} : { entry_number: entryNumber }),
  };
  await trx
    .insertInto('remote_command_steps')
    .values({
      ...{ command_id: commandId, step, outcome: JSON.stringify(outcome), at_ms: atMs },
      ...{ received_at_ms: receivedAtMs, entry_number: entryNumber },
    })
    .onConflict((conflict) => conflict.columns(['command_id', 'step']).doUpdateSet(source))
    .execute();
  const steps = await trx
    .selectFrom('remote_command_steps')
    .select('step')
    .where('command_id', '=', commandId)
    .execute();
  const state = TELLING.find((one) => steps.some((kept) => kept.step === one)) ?? step;
  await trx.updateTable('remote_commands').set({ state }).where('command_id', '=', commandId).execute();
  return 'taken';
}
