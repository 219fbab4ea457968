import { type Static, Type } from 'typebox';

/** Records of pests: what traps have caught, what people have seen in a plot, and what the cooperative's other farms may know of it. */

const AtMs = Type.Integer();
/** A local date of the farm, YYYY-MM-DD. */
const LocalDate = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });
/** Of a photo among the diary's attachments; null: there is none. */
const PhotoSha256 = Type.Union([Type.String({ pattern: '^[0-9a-f]{64}$' }), Type.Null()]);

/**
 * What is said is said again as the next revision, and never changed or deleted: of those with the same id the highest number counts.
 */
const revised = {
  /** From 1. */
  revision: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('standing'), Type.Literal('withdrawn')]),
  /** Why it was corrected or withdrawn. */
  why: Type.Optional(Type.String()),
  /** When this revision was recorded. */
  atMs: AtMs,
};

/**
 * What one trap has caught between two looks at it. Of a time of which nothing is recorded nobody knows what was caught, which is not
 * a catch of none.
 */
export const TrapCountRecord = Type.Object({
  kind: Type.Literal('trap_count'),
  countId: Type.String(),
  ...revised,
  trapId: Type.String(),
  /** As they were when it was counted: a trap may be hung elsewhere, with another lure. */
  plot: Type.String(),
  pest: Type.String(),
  count: Type.Integer({ minimum: 0 }),
  /** The look before, or when it was set up or emptied; and the look that counted. UTC. */
  fromMs: AtMs,
  untilMs: AtMs,
  /**
   * Nobody has said since when: it is of the time since the look before, whichever that is. A phone that comes back may bring one
   * that was made in between, and then `fromMs` is no more than what was known when this was recorded. Absent: `fromMs` was said.
   */
  since: Type.Optional(Type.Literal('look_before')),
  countedBy: Type.Union([Type.Literal('device'), Type.Literal('person')]),
  /** The device, or the name of the person. */
  by: Type.String(),
  /** Account of the person. */
  recordedBy: Type.Optional(Type.String()),
  photoSha256: PhotoSha256,
  /** Of a device: where its counter stood at `untilMs`, so that a restart counts on from there. */
  counter: Type.Optional(Type.Number()),
});
export type TrapCountRecord = Static<typeof TrapCountRecord>;

/** In what a scouting counts, and a threshold is given. */
export const pestUnits = [
  'per_trap_day',
  'per_hill',
  'per_leaf',
  'per_flower',
  'per_plant',
  'per_m2',
  'per_100m_row',
  'percent_plants',
  'percent_leaves',
  'percent_fruit',
  'percent_leaf_area',
] as const;
export type PestUnit = (typeof pestUnits)[number];

/** What a person has found in a plot by looking at so many hills, leaves, plants or fruits of it. */
export const PestSeenRecord = Type.Object({
  kind: Type.Literal('pest_seen'),
  seenId: Type.String(),
  ...revised,
  plot: Type.String(),
  pest: Type.String(),
  /** When they looked, UTC. */
  seenAtMs: AtMs,
  /** One of `pestUnits` but `per_trap_day`, or of another version. */
  unit: Type.String(),
  /** Mean of what was looked at, in `unit`. */
  value: Type.Number({ minimum: 0 }),
  /** Of the crop, by the English name of one of the library's thresholds; absent: nobody said. */
  cropStage: Type.Optional(Type.String()),
  /** How many hills, leaves, flowers, plants, fruits, square metres or rows of 100 m were looked at. */
  sampleSize: Type.Integer({ minimum: 1 }),
  /** Name of the person, and the account. */
  by: Type.String(),
  recordedBy: Type.String(),
  photoSha256: PhotoSha256,
});
export type PestSeenRecord = Static<typeof PestSeenRecord>;

/** From which day on the heat of a plot counts for one pest, where a person says so. */
export const PestBiofixRecord = Type.Object({
  kind: Type.Literal('pest_biofix'),
  atMs: AtMs,
  plot: Type.String(),
  pest: Type.String(),
  /** Null: as the library has it again. */
  date: Type.Union([LocalDate, Type.Null()]),
  by: Type.String(),
  recordedBy: Type.String(),
});
export type PestBiofixRecord = Static<typeof PestBiofixRecord>;

/**
 * How many of one pest the farm's traps catch: once a day and pest, what the cooperative's other farms may know. It holds no plot and
 * no trap; its place is that of the farm to about a kilometre, and absent where the farm has not said where it lies.
 */
export const PestPressureRecord = Type.Object({
  kind: Type.Literal('pest_pressure'),
  atMs: AtMs,
  /** The last day that it counts; it is a mean of the week that ends with it. */
  date: LocalDate,
  pest: Type.String(),
  /** Insects a trap and day (FTD, IAEA Trapping guidelines 2013). */
  perTrapPerDay: Type.Number({ minimum: 0 }),
  /** Traps of which at least a day is known, and the days of all of them together. */
  traps: Type.Integer({ minimum: 1 }),
  trapDays: Type.Integer({ minimum: 1 }),
  /** Degrees, of two decimals: about 1.1 km. */
  latitude: Type.Optional(Type.Number({ minimum: -90, maximum: 90 })),
  longitude: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
});
export type PestPressureRecord = Static<typeof PestPressureRecord>;
