import type { Reason } from '@nongtin/broker/wire';
import { type Static, Type } from 'typebox';
import { minutesOfText } from './calendar.ts';
import type { Planned, TurnTimes, WeeklyTime } from './conditions.ts';
import { Identity, Name, Time, Weekdays, weekdays } from './program.ts';
import { programReason } from './reasons.ts';

/**
 * Members who share a pump or a canal, and whose water it is when: by a weekly timetable, or in turn by what each has got.
 * A timetable shares time: who does not use a turn has had it. Turns by what was got share water: who was skipped (rain, a
 * dead pump, a holiday) has got the least and is next.
 */
const closed = { additionalProperties: false } as const;
const WEEK_MINUTES = 7 * 1440;

const Member = Type.Object(
  {
    id: Identity,
    name: Type.Optional(Name),
    zones: Type.Array(Identity, { minItems: 1, maxItems: 64 }),
    /** Twice as much water for twice the share; absent: 1. */
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000 })),
  },
  closed,
);

/** At a time of some days of the week; or for so many minutes after another turn is over. */
const Turn = Type.Object(
  {
    id: Type.Optional(Identity),
    member: Identity,
    days: Type.Optional(Weekdays),
    start: Type.Optional(Time),
    end: Type.Optional(Time),
    after: Type.Optional(Identity),
    minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: WEEK_MINUTES })),
  },
  closed,
);
type Turn = Static<typeof Turn>;

export const WaterTurns = Type.Object(
  {
    id: Identity,
    members: Type.Array(Member, { minItems: 2, maxItems: 64 }),
    /** One of the two. */
    timetable: Type.Optional(Type.Array(Turn, { minItems: 1, maxItems: 256 })),
    /** Whoever has got the least for their share, among those who want water. */
    inTurnBy: Type.Optional(Type.Enum(['litres', 'seconds'])),
  },
  closed,
);
export type WaterTurns = Static<typeof WaterTurns>;

/** The times of the zone's member; null when the zone is in no timetable. */
export function turnTimes(turns: WaterTurns, zone: string): TurnTimes | null {
  const member = memberOf(turns, zone);
  if (!member || !turns.timetable) return null;
  const times = turns.timetable.flatMap((turn) =>
    turn.member === member.id ? (timesOf(turn, turns.timetable ?? []) ?? []) : [],
  );
  return { member: member.name ?? member.id, times };
}

/** Null when what it waits for waits for it, or for nothing that is known. */
export function timesOf(turn: Turn, timetable: readonly Turn[]): WeeklyTime[] | null {
  const chain = chainOf(turn, timetable);
  const [first, ...rest] = chain ?? [];
  const [start, end] = [minutesOfText(first?.start ?? ''), minutesOfText(first?.end ?? '')];
  if (!first || start === null || end === null) return null;
  const length = end > start ? end - start : end - start + 1440;
  const later = rest.reduce((sum, one) => sum + (one.minutes ?? 0), 0);
  return (first.days ?? weekdays).map((day) => {
    const begin =
      weekdays.indexOf(day) * 1440 + start + (rest.length === 0 ? 0 : length + later - (turn.minutes ?? 0));
    return {
      weekday: Math.floor(begin / 1440) % 7,
      ...{ startMinute: begin % 1440, minutes: rest.length === 0 ? length : (turn.minutes ?? 0) },
    };
  });
}

/** From the turn with a time of its own to this one; null when there is none, or they run in a circle. */
export function chainOf(turn: Turn, timetable: readonly Turn[]): Turn[] | null {
  const chain = [turn];
  for (let one = turn; one.after !== undefined; ) {
    const before = timetable.find(({ id }) => id === one.after);
    if (!before || chain.includes(before)) return null;
    chain.unshift(before);
    one = before;
  }
  return chain;
}

/** What is known of the zones of a round beside what their programs want. */
interface ZonesOfRound {
  /** What each was given lately (a week, say), measured where it could be, in the measure of `inTurnBy`. */
  readonly got: ReadonlyMap<string, number>;
  /** Why a zone cannot be opened until somebody sees to it; undefined: it can. */
  obstacle(zone: string): Reason | undefined;
}

/**
 * Plans of the zones of one round of turns, by zone, with those put off whose member is not next. A zone that cannot be
 * opened holds nobody up: it keeps its place for when it can, and says why it cannot.
 */
export function takeTurns(
  turns: WaterTurns,
  plans: ReadonlyMap<string, Planned>,
  zones: ZonesOfRound,
): Map<string, Planned> {
  const next = turns.inTurnBy === undefined ? null : nextMember(turns, plans, zones);
  return new Map(
    [...plans].map(([zone, planned]) => {
      const member = memberOf(turns, zone);
      if (!next || !planned.wanted || !member || member.id === next.id) return [zone, planned];
      const reason =
        zones.obstacle(zone) ?? programReason('program_not_in_turn', { member: next.name ?? next.id });
      return [zone, { ...planned, wanted: null, reason }];
    }),
  );
}

/**
 * Whose water runs keeps it, then whose decision has begun; of the others who has got the least for their share. Those of whose
 * zones none can be opened come last.
 */
function nextMember(
  { members }: WaterTurns,
  plans: ReadonlyMap<string, Planned>,
  { got, obstacle }: ZonesOfRound,
) {
  const ranked = members.flatMap((member) => {
    const own = member.zones.map((zone) => ({ zone, planned: plans.get(zone) }));
    const isRunning = own.some(({ planned }) => planned?.reason.key === 'program_running');
    const wanting = own.filter(({ planned }) => planned?.wanted);
    if (!isRunning && wanting.length === 0) return [];
    const able = wanting.filter(({ zone }) => obstacle(zone) === undefined);
    const hasBegun = able.some(({ planned }) => (planned?.wanted?.cycle ?? 1) > 1);
    const rank = isRunning ? 0 : hasBegun ? 1 : able.length > 0 ? 2 : 3;
    const sum = member.zones.reduce((all, zone) => all + (got.get(zone) ?? 0), 0);
    return [{ member, rank, part: sum / (member.share ?? 1) }];
  });
  // Stable: of equals the one that the file names first.
  return ranked.sort((a, b) => a.rank - b.rank || a.part - b.part)[0]?.member ?? null;
}

function memberOf({ members }: WaterTurns, zone: string) {
  return members.find(({ zones }) => zones.includes(zone));
}
