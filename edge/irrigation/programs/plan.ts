import type { Reason } from '@nongtin/broker/wire';
import { cuttingOf, litresOf } from './amount.ts';
import { banOn, whenOf } from './bans.ts';
import type { Conditions, Planned, Wanted } from './conditions.ts';
import { byDepletion, enough, figuresOf, goOn, rootZoneOf } from './depletion.ts';
import { type Opportunity, opportunities } from './opportunities.ts';
import type { DepletionProgram, Program, ScheduledProgram, SoilMoistureProgram } from './program.ts';
import { type Cycle, nextCycle, type Progress, progressOf, runningReason, standstill } from './progress.ts';
import { programReason } from './reasons.ts';
import { type Slot, slots } from './schedule.ts';
import { amountOf, bySchedule, seasonNotes } from './scheduled.ts';
import { bySoilMoisture, wet } from './soil-moisture.ts';
import { goingOn, not, type Sum, type Verdict, water } from './verdict.ts';
import { weatherWord } from './weather.ts';

/**
 * Whether a program wants its zone's valve open now, and in either case why. The same conditions bring the same answer, and
 * the same decision the same id; what was done of it is read from the history (docs/decisions/0029-programs.md).
 */
export function plan(program: Program, conditions: Conditions): Planned {
  const ban = banOn(program, conditions);
  if (ban) return { wanted: null, reason: ban.reason, notes: [], nextAtMs: ban.nextAtMs };
  const running = runningReason(conditions);
  if (running) return { wanted: null, reason: running, notes: [], nextAtMs: null };
  const { nowMs } = conditions;
  const weather = weatherWord(program, conditions);
  const kind = kindOf(program, conditions);
  const begun = kind.stretches.filter(({ startMs }) => startMs <= nowMs).sort((a, b) => a.rank - b.rank);
  const later = kind.stretches.filter(({ startMs }) => startMs > nowMs);
  const nextMs = later[0]?.startMs ?? null;
  const answer = firstThatCounts(begun, (now) =>
    within(program, now, (progress) => kind.verdict({ now, later }, progress), weather.against, conditions),
  );
  const outside = () => ({ wanted: null, reason: kind.between(later[0]), nextAtMs: nextMs });
  const { wanted, reason, nextAtMs } = answer ?? outside();
  return {
    wanted,
    reason,
    notes: [...weather.notes, ...kind.notes],
    nextAtMs: nextAtMs ?? nextMs ?? begun[0]?.endMs ?? null,
  };
}

/** What the kinds of programs differ in. */
interface Kind {
  /** When it may water, the earliest first. */
  readonly stretches: readonly Opportunity[];
  /** Whether it does so in `now`. */
  verdict(at: { now: Opportunity; later: readonly Opportunity[] }, progress: Progress): Verdict;
  /** Why it does not while it may not. */
  between(next: Opportunity | undefined): Reason;
  readonly notes: readonly Reason[];
}

function kindOf(program: Program, conditions: Conditions): Kind {
  switch (program.kind) {
    case 'clock':
    case 'volume':
      return scheduledKind(program, conditions);
    case 'soil_moisture':
      return soilMoistureKind(program, conditions);
    default:
      return depletionKind(program, conditions);
  }
}

function depletionKind(program: DepletionProgram, conditions: Conditions): Kind {
  const root = rootZoneOf(program, conditions);
  const { cropOverDays: days } = conditions;
  const unknown = programReason('program_depletion_unknown', {});
  return {
    stretches: opportunities(program, conditions),
    verdict: (at, { planned, delivered }) => {
      if (planned) return goOn(program, root, planned, delivered, conditions);
      return root ? byDepletion(program, root, at, conditions) : not(unknown);
    },
    between: (next) => {
      if (!next) return noOpportunity;
      if (!root) return unknown;
      if (root.depletionMm < root.lineMm) return enough(root, conditions);
      const when = whenOf(next.startMs, conditions.site);
      if (conditions.turn)
        return programReason('program_waits_turn', { member: conditions.turn.member, ...when });
      return programReason('program_waits_window_soil', { ...figuresOf(root), ...when });
    },
    notes: days > 0 ? [programReason('program_crop_over', { days })] : [],
  };
}

function soilMoistureKind(program: SoilMoistureProgram, conditions: Conditions): Kind {
  const { soilMoisture, site, turn } = conditions;
  const { openBelowFraction: openBelow } = program;
  return {
    stretches: opportunities(program, conditions),
    verdict: (_, progress) => bySoilMoisture(program, progress, conditions),
    between: (next) => {
      if (!next) return noOpportunity;
      if (soilMoisture !== null && soilMoisture >= openBelow)
        return wet({ soilMoisture, openBelow }, conditions);
      const when = whenOf(next.startMs, site);
      if (turn) return programReason('program_waits_turn', { member: turn.member, ...when });
      return programReason('program_waits_window', when);
    },
    notes: [],
  };
}

function scheduledKind(program: ScheduledProgram, conditions: Conditions): Kind {
  const stretches = slots(program, amountOf(program, conditions), conditions);
  return {
    stretches,
    verdict: ({ now }, { planned, delivered }) => {
      if (planned) return water(planned, (sum) => goingOn(sum, delivered));
      return bySchedule(program, now as Slot, conditions);
    },
    between: (next) =>
      next ? programReason('program_waits_start', whenOf(next.startMs, conditions.site)) : noOpportunity,
    notes: seasonNotes(program, conditions),
  };
}

const noOpportunity = programReason('program_no_opportunity', {});

interface Answer extends Omit<Planned, 'notes'> {
  /** Nothing more comes of this stretch. */
  readonly isOver: boolean;
}

/** Where stretches overlap, one that is over does not stand in the way of the next. */
function firstThatCounts(
  begun: readonly Opportunity[],
  answerIn: (now: Opportunity) => Answer,
): Answer | null {
  let last: Answer | null = null;
  for (const one of begun) {
    last = answerIn(one);
    if (!last.isOver) return last;
  }
  return last;
}

function within(
  program: Program,
  { slot, endMs }: Opportunity,
  verdictOf: (progress: Progress) => Verdict,
  weather: readonly Reason[],
  conditions: Conditions,
): Answer {
  const { zone, nowMs } = conditions;
  const id = `${zone.id}/${program.id}/${slot}`;
  const decision = { id, endMs, cutting: cuttingOf(program.cycles, zone) };
  const progress = progressOf(id, conditions);
  const no = (reason: Reason, nextAtMs: number | null = null, isOver = false): Answer => ({
    ...{ wanted: null, reason, nextAtMs, isOver },
  });
  const stands = standstill(progress, decision, conditions);
  if (stands)
    return no(
      stands.reason,
      stands.inSeconds === null ? null : nowMs + stands.inSeconds * 1000,
      stands.isOver,
    );
  const verdict = verdictOf(progress);
  if (verdict.water === null) return no(verdict.reason, verdict.nextAtMs);
  const [against] = weather;
  if (against) return no(against);
  const cycle = nextCycle(verdict.water, verdict.mostSeconds, progress, decision, conditions);
  if (!cycle) {
    const leftSeconds = Math.max(0, Math.round((endMs - nowMs) / 1000));
    return no(programReason('program_window_short', { leftSeconds }), null, true);
  }
  const wanted = asWanted(cycle, verdict.reason, program, conditions);
  return { wanted, reason: wanted.reason, nextAtMs: null, isOver: false };
}

function asWanted(
  { cycles, ...cycle }: Cycle,
  reason: (sum: Sum) => Reason,
  program: Program,
  { zone }: Conditions,
): Wanted {
  const { decisionSeconds, decisionLitres } = cycle;
  const plannedLitres = Math.round(decisionLitres ?? litresOf(decisionSeconds, zone));
  const sum: Sum = { decisionSeconds, plannedLitres, cycle: cycle.cycle, cycles };
  const untilSoilMoisture = program.kind === 'soil_moisture' ? program.targetFraction : null;
  const told = decisionLitres === null ? sum : { ...sum, decisionLitres };
  return { ...cycle, untilSoilMoisture, reason: reason(told) };
}
