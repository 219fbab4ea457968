import { type Static, Type } from 'typebox';
import type { FarmSpec } from '../farm/spec.ts';

const AtLeastNone = Type.Number({ minimum: 0, maximum: 1e9 });
/** Least and most. */
const Range = Type.Tuple([AtLeastNone, AtLeastNone]);
const ByZone = Type.Record(Type.String(), Range);

/** What must have come of it in the field, whatever controller ran it; what is not given is not judged. */
export const FieldExpectations = Type.Object(
  {
    /** Litres that really passed each zone's valve. */
    litres: Type.Optional(ByZone),
    /** How often each zone really opened. */
    starts: Type.Optional(ByZone),
    /** Days of water stress, the most of any zone. */
    stressDays: Type.Optional(AtLeastNone),
    /** The most that ran off any zone. */
    runoffMm: Type.Optional(AtLeastNone),
    /** The most that percolated below the roots of any zone, rain's share too. */
    percolationMm: Type.Optional(AtLeastNone),
    /** The longest real opening of any zone, or of each. */
    longestOpenSeconds: Type.Optional(Type.Union([AtLeastNone, Type.Record(Type.String(), AtLeastNone)])),
    /** Lost by bursts, of zones and mains. */
    burstLitres: Type.Optional(AtLeastNone),
    /** Through closed valves. */
    leakedLitres: Type.Optional(AtLeastNone),
    /** Litres that the flush valve of each filter let out. */
    flushLitres: Type.Optional(Range),
    /** Each pump against closed valves, and without water. */
    deadHeadSeconds: Type.Optional(AtLeastNone),
    dryRunSeconds: Type.Optional(AtLeastNone),
    /** Zones and sources that are open at the end; all others are not. */
    openAtEnd: Type.Optional(Type.Array(Type.String())),
    /** At most so many zones are open at once. */
    openAtOnce: Type.Optional(AtLeastNone),
  },
  { additionalProperties: false },
);
type Deep<Value> = { readonly [Field in keyof Value]: Deep<Value[Field]> };
export type FieldExpectations = Deep<Static<typeof FieldExpectations>>;

/** What `expect` names that the farm does not have, and ranges that hold nothing. */
export function expectationProblems(expected: FieldExpectations, { zones, sources }: FarmSpec): string[] {
  const { litres, starts, longestOpenSeconds, openAtEnd, flushLitres } = expected;
  const zoneIds = zones.map(({ id }) => id);
  const parts = [...zoneIds, ...sources.map(({ id }) => id)];
  const ranges: [field: string, range: readonly [number, number]][] = flushLitres
    ? [['flushLitres', flushLitres]]
    : [];
  const problems: string[] = [];
  for (const [field, byZone] of Object.entries({ litres, starts, longestOpenSeconds })) {
    if (typeof byZone !== 'object') continue;
    for (const [id, limit] of Object.entries(byZone)) {
      if (!zoneIds.includes(id))
        problems.push(`expect.${field}.${id} is none of the zones, name one of ${zoneIds.join(', ')}`);
      if (Array.isArray(limit)) ranges.push([`${field}.${id}`, limit as [number, number]]);
    }
  }
  for (const [field, [least, most]] of ranges)
    if (least > most) problems.push(`expect.${field} goes from ${least} to ${most}, write the least first`);
  for (const [index, id] of (openAtEnd ?? []).entries())
    if (!parts.includes(id))
      problems.push(
        `expect.openAtEnd[${index}] '${id}' is no zone and no source, name one of ${parts.join(', ')}`,
      );
  return problems;
}
