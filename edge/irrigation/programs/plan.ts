import type { Reason } from '@nongtin/broker/wire';
import { cuttingOf } from './amount.ts';
import { banOn, whenOf } from './bans.ts';
import type { Conditions, Planned, Wanted } from './conditions.ts';
import { byDepletion, enough, figuresOf, rootZoneOf } from './depletion.ts';
import { type Opportunity, opportunities, type Stretches } from './opportunities.ts';
import type { DepletionProgram, Program } from './program.ts';
import { type Cycle, type Decision, nextCycle, type Progress, progressOf, standstill } from './progress.ts';
import { programReason } from './reasons.ts';
import { not, type Sum, type Verdict } from './verdict.ts';
import { weatherWord } from './weather.ts';

/**
 * Whether a program wants its zone's valve open now, and in either case why. The same conditions bring the same answer, and
 * the same decision the same id; what was done of it is read from the history (docs/decisions/0029-programs.md).
 */
export function plan(program: Program, conditions: Conditions): Planned {
  const ban = banOn(program, conditions);
  if (ban) return { wanted: null, reason: ban.reason, notes: [], nextAtMs: ban.nextAtMs };
  const { nowMs } = conditions;
  const weather = weatherWord(program, conditions);
  const stretches = opportunities(program, conditions);
  const now = stretches
    .filter(({ startMs }) => startMs <= nowMs)
    .reduce<Opportunity | null>((best, one) => (best && best.rank <= one.rank ? best : one), null);
  const later = stretches.filter(({ startMs }) => startMs > nowMs);
  const planned = now
    ? within(program, { now, later }, weather.against, conditions)
    : { wanted: null, ...outside(program, later[0], conditions) };
  return {
    ...planned,
    notes: weather.notes,
    nextAtMs: planned.nextAtMs ?? later[0]?.startMs ?? now?.endMs ?? null,
  };
}

type Answer = Omit<Planned, 'notes'>;

function within(
  program: Program,
  stretches: Stretches,
  weather: readonly Reason[],
  conditions: Conditions,
): Answer {
  const { zone, nowMs } = conditions;
  const { slot, endMs } = stretches.now;
  const decision: Decision = {
    ...{ id: `${zone.id}/${program.id}/${slot}`, endMs },
    cutting: cuttingOf(program.cycles, zone),
  };
  const progress = progressOf(decision.id, conditions);
  const stands = standstill(progress, decision, conditions);
  if (stands) {
    const nextAtMs = stands.inSeconds === null ? null : nowMs + stands.inSeconds * 1000;
    return { wanted: null, reason: stands.reason, nextAtMs };
  }
  const verdict = verdictOf(program, stretches, progress, conditions);
  if (verdict.water === null) return { wanted: null, reason: verdict.reason, nextAtMs: verdict.nextAtMs };
  const [against] = weather;
  if (against) return { wanted: null, reason: against, nextAtMs: null };
  const cycle = nextCycle(progress.planned ?? verdict.water, progress, decision, conditions);
  if (cycle) return { ...asked(cycle, verdict), nextAtMs: null };
  const leftSeconds = Math.max(0, Math.round((endMs - nowMs) / 1000));
  return { wanted: null, reason: programReason('program_window_short', { leftSeconds }), nextAtMs: null };
}

function verdictOf(
  program: Program,
  stretches: Stretches,
  progress: Progress,
  conditions: Conditions,
): Verdict {
  if (!isByDepletion(program)) throw new RangeError(`programs of kind ${program.kind} are not planned yet`);
  if (progress.planned) return { water: progress.planned, reason: (sum) => goingOn(sum, progress) };
  const root = rootZoneOf(program, conditions);
  return root
    ? byDepletion(program, root, stretches, conditions)
    : not(programReason('program_depletion_unknown', {}));
}

function goingOn(sum: Sum, { delivered }: Progress): Reason {
  return sum.decisionLitres === undefined
    ? programReason('program_cycle_time', { ...sum, deliveredSeconds: delivered })
    : programReason('program_cycle_litres', { ...sum, deliveredLitres: delivered });
}

function asked(
  { cycles, ...cycle }: Cycle,
  verdict: Extract<Verdict, { reason: (sum: Sum) => Reason }>,
): { wanted: Wanted; reason: Reason } {
  const { decisionSeconds, decisionLitres } = cycle;
  const sum = { decisionSeconds, decisionLitres: decisionLitres ?? undefined, cycle: cycle.cycle, cycles };
  const reason = verdict.reason(sum);
  return { wanted: { ...cycle, untilSoilMoisture: null, reason }, reason };
}

/** Between two stretches. */
function outside(
  program: Program,
  next: Opportunity | undefined,
  conditions: Conditions,
): { reason: Reason; nextAtMs: number | null } {
  if (!next) return { reason: programReason('program_no_opportunity', {}), nextAtMs: null };
  const when = whenOf(next.startMs, conditions.site);
  const root = isByDepletion(program) ? rootZoneOf(program, conditions) : null;
  if (!root) return { reason: programReason('program_waits_window', when), nextAtMs: next.startMs };
  const isDry = root.depletionMm >= root.lineMm;
  const reason = isDry
    ? programReason('program_waits_window_soil', { ...figuresOf(root), ...when })
    : enough(root, conditions);
  return { reason, nextAtMs: next.startMs };
}

function isByDepletion(program: Program): program is DepletionProgram {
  return program.kind === undefined || program.kind === 'depletion';
}
