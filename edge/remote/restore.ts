import type { CommandOutcome, JournalRecord, RemoteCommand } from '@nongtin/broker/wire';
import { type Found, type Kept, keptFrom } from './decide.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

export interface RemoteJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  /** Newest first. */
  records<K extends 'remote_command' | 'remote_outcome' | 'zone_settings' | 'intent' | 'run'>(
    kind: K,
    limit: number,
  ): Promise<readonly RecordOf<K>[]>;
  health(): { readonly healthy: boolean };
}

/**
 * Ids that are remembered, the newest. Not by their age, for clocks are put right and back: at the rate that is allowed,
 * this many take longer to come than the longest expiry lasts, so an id that is forgotten is long out of date.
 */
export const MOST_REMEMBERED = 12_000;
/** Of runs and of the changes of settings: the commands that are asked for are the newest, so are these. */
const MOST_TRACES = 5_000;

/** Every command that the journal still knows, oldest first, with what was told of it last. */
export async function restoreCommands(journal: RemoteJournal): Promise<Kept[]> {
  const commands = await journal.records('remote_command', MOST_REMEMBERED);
  if (commands.length === 0) return [];
  const told = new Map<string, CommandOutcome>();
  // Up to three steps a command.
  for (const { kind: _, ...outcome } of await journal.records('remote_outcome', 3 * MOST_REMEMBERED))
    if (!told.has(outcome.commandId)) told.set(outcome.commandId, outcome);
  return commands.map(({ command }) => keptFrom(command, told.get(command.id) ?? null)).reverse();
}

/** What was done for commands that have no last word. Runs and intents carry the id of the command they are due to. */
export async function findTraces(
  journal: RemoteJournal,
  zones: ReadonlySet<string>,
): Promise<(command: RemoteCommand) => Found> {
  const runs = await journal.records('run', MOST_TRACES);
  const intents = await journal.records('intent', MOST_TRACES);
  const changes = await journal.records('zone_settings', MOST_TRACES);
  return ({ id }) => ({
    change: changes.find(({ commandId }) => commandId === id),
    run: runs.find(({ reason }) => reason.figures.commandId === id),
    // Of a zone that is gone nobody will write the run's record any more.
    openRun: intents.find(({ reason, zone }) => reason.figures.commandId === id && zones.has(zone))?.runId,
  });
}
