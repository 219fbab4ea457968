import type { JournalRecord, Reason, RunRecord } from '@nongtin/broker/wire';
import type { Watering } from './conditions.ts';

/** Which decision's cycle a record is of; absent where no program decided. */
interface OfProgram {
  readonly decisionId?: string | undefined;
  readonly cycle?: number | undefined;
}
type IntentFields = Extract<JournalRecord, { kind: 'intent' }>;
type PastRun = OfProgram &
  Pick<
    RunRecord,
    'startedAtMs' | 'endedAtMs' | 'plannedSeconds' | 'actualSeconds' | 'measuredLitres' | 'outcome' | 'reason'
  >;

/**
 * A run of the journal as programs see it. `agoSeconds`: how long ago it ended by the monotonic clock, null when that was
 * before this start of the gateway.
 */
export function wateringOfRun(run: PastRun, agoSeconds: number | null): Watering {
  const { startedAtMs, endedAtMs: atMs, plannedSeconds, measuredLitres: litres, outcome } = run;
  // How long a run lasted that a restart cut off is only what the clock says, and it may have been set meanwhile.
  const seconds = outcome === 'interrupted' ? null : run.actualSeconds;
  return {
    ...{ ...decisionOf(run, plannedSeconds), plannedSeconds, startedAtMs },
    ended: { atMs, agoSeconds, seconds, litres, outcome },
  };
}

/** An intent of the journal that has no run yet. */
export function wateringOfIntent(
  intent: OfProgram & Pick<IntentFields, 'atMs' | 'durationSeconds' | 'reason'>,
): Watering {
  const { atMs: startedAtMs, durationSeconds: plannedSeconds } = intent;
  return { ...decisionOf(intent, plannedSeconds), plannedSeconds, startedAtMs, ended: null };
}

/** What the decision came to in all stands among the figures of its reason. */
function decisionOf({ decisionId, cycle, reason }: OfProgram & { reason: Reason }, plannedSeconds: number) {
  const { decisionSeconds, decisionLitres } = reason.figures;
  return {
    ...{ decisionId: decisionId ?? null, cycle: cycle ?? 1 },
    decisionSeconds: typeof decisionSeconds === 'number' ? decisionSeconds : plannedSeconds,
    decisionLitres: typeof decisionLitres === 'number' ? decisionLitres : null,
  };
}
