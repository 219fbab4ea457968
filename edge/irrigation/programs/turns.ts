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

/**
 * Plans of the zones of one round of turns, by zone, with those put off whose member is not next. `got`: what each zone was
 * given lately (a week, say), measured where it could be, in the measure of `inTurnBy`.
 */
export function takeTurns(
  turns: WaterTurns,
  plans: ReadonlyMap<string, Planned>,
  got: ReadonlyMap<string, number>,
): Map<string, Planned> {
  const next = turns.inTurnBy === undefined ? null : nextMember(turns, plans, got);
  return new Map(
    [...plans].map(([zone, planned]) => {
      const member = memberOf(turns, zone);
      if (!next || !planned.wanted || !member || member.id === next.id) return [zone, planned];
      const reason = programReason('program_not_in_turn', { member: next.name ?? next.id });
      return [zone, { ...planned, wanted: null, reason }];
    }),
  );
}

/** Whose water runs keeps it, then whose decision has begun; of the others who has got the least for their share. */
function nextMember(
  { members }: WaterTurns,
  plans: ReadonlyMap<string, Planned>,
  got: ReadonlyMap<string, number>,
) {
  const ranked = members.flatMap((member) => {
    const own = member.zones.flatMap((zone) => plans.get(zone) ?? []);
    const isRunning = own.some(({ reason }) => reason.key === 'program_running');
    if (!isRunning && own.every(({ wanted }) => wanted === null)) return [];
    const hasBegun = own.some(({ wanted }) => wanted !== null && wanted.cycle > 1);
    const sum = member.zones.reduce((all, zone) => all + (got.get(zone) ?? 0), 0);
    return [{ member, rank: isRunning ? 0 : hasBegun ? 1 : 2, part: sum / (member.share ?? 1) }];
  });
  // Stable: of equals the one that the file names first.
  return ranked.sort((a, b) => a.rank - b.rank || a.part - b.part)[0]?.member ?? null;
}

function memberOf({ members }: WaterTurns, zone: string) {
  return members.find(({ zones }) => zones.includes(zone));
}
