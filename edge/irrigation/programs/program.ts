import { type Static, Type } from 'typebox';

/**
 * A program as a technician writes it into farm.json: when and how much a zone is watered. Its kinds are told apart by
 * `kind`. Times of day are local ('04:30'), dates '2026-11-23', durations seconds, depths mm, fractions 0 to 1.
 * docs/programs.md has an example of each.
 */
const closed = { additionalProperties: false } as const;
export const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
export const Name = Type.String({ minLength: 1, maxLength: 80 });
/** Whether it is one of the calendar is checked by programProblems. */
export const Time = Type.String({ maxLength: 5 });
const DateText = Type.String({ maxLength: 10 });
const Millimetres = Type.Number({ minimum: 0, maximum: 500 });
const SoilFraction = Type.Number({ exclusiveMinimum: 0, maximum: 0.6 });
const Seconds = Type.Integer({ minimum: 1, maximum: 86_400 });
const Litres = Type.Number({ exclusiveMinimum: 0, maximum: 10_000_000 });
const Hours = Type.Number({ exclusiveMinimum: 0, maximum: 168 });

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export const Weekdays = Type.Array(Type.Enum(weekdays), { minItems: 1, maxItems: 7 });

/** From `start` to `end`; over midnight when `end` is not later. */
const Window = Type.Object(
  {
    start: Time,
    end: Time,
    /** Of its start; absent: every day. */
    days: Type.Optional(Weekdays),
    firstDate: Type.Optional(DateText),
    lastDate: Type.Optional(DateText),
  },
  closed,
);
export type Window = Static<typeof Window>;

/** Water in parts, so that the soil takes it: stated, or derived from what the soil takes in. */
const Cycles = Type.Object(
  {
    maxSeconds: Type.Optional(Seconds),
    minSoakSeconds: Type.Optional(Seconds),
    /** What the soil takes in once it is wet. */
    infiltrationMmPerHour: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000 })),
    /** What may stand on the soil before it runs off. */
    surfaceStorageMm: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
  },
  closed,
);
export type Cycles = Static<typeof Cycles>;

const common = {
  id: Identity,
  name: Type.Optional(Name),
  /** The best first. Absent: at any time. */
  windows: Type.Optional(Type.Array(Window, { minItems: 1, maxItems: 16 })),
  cycles: Type.Optional(Cycles),
  /** Not after so much rain, nor (unless said otherwise) while it rains. */
  rainSkip: Type.Optional(
    Type.Object({ mm: Millimetres, hours: Hours, whileRaining: Type.Optional(Type.Boolean()) }, closed),
  ),
  /** Sprinklers only: wind carries their drops away. */
  windSkip: Type.Optional(
    Type.Object({ metresPerSecond: Type.Number({ exclusiveMinimum: 0, maximum: 60 }) }, closed),
  ),
  /** Not when so much is expected within the next hours, with at least this probability where one is stated. */
  forecastSkip: Type.Optional(
    Type.Object(
      {
        mm: Millimetres,
        hours: Hours,
        probabilityFraction: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
      },
      closed,
    ),
  ),
  /** Days without water: '2027-02-06', or '02-06' every year. */
  holidays: Type.Optional(Type.Array(Type.String({ maxLength: 10 }), { maxItems: 400 })),
  /** Local, '2026-12-01T06:00'. */
  pausedUntil: Type.Optional(Type.String({ maxLength: 16 })),
  /** Water a zone without a flow meter too, where nothing proves that water flows. */
  allowUnproven: Type.Optional(Type.Boolean()),
};

/** On which days, and when: exactly one of the ways for each. */
const schedule = {
  days: Type.Optional(
    Type.Object(
      {
        weekdays: Type.Optional(Weekdays),
        /** Every so many days, counted from `from`. */
        everyDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
        from: Type.Optional(DateText),
        /** Of the month. Odd leaves out the 31st and 29 February, so that it never waters two days in a row. */
        parity: Type.Optional(Type.Enum(['odd', 'even'])),
      },
      closed,
    ),
  ),
  starts: Type.Array(
    Type.Object(
      {
        at: Type.Optional(Time),
        /** Negative: before it. */
        sunriseMinutes: Type.Optional(Type.Integer({ minimum: -720, maximum: 720 })),
        sunsetMinutes: Type.Optional(Type.Integer({ minimum: -720, maximum: 720 })),
      },
      closed,
    ),
    { minItems: 1, maxItems: 24 },
  ),
  /** 'finish': these are times by which it is over, its soaks included. */
  anchor: Type.Optional(Type.Enum(['start', 'finish'])),
  season: Type.Optional(
    Type.Object(
      {
        /** January first. */
        percentByMonth: Type.Optional(
          Type.Array(Type.Number({ minimum: 0, maximum: 300 }), { minItems: 12, maxItems: 12 }),
        ),
        /** The amount is meant for days of this ET0; other days get in proportion. */
        et0MmPerDay: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 20 })),
      },
      closed,
    ),
  ),
};

export const DepletionProgram = Type.Object(
  {
    ...common,
    kind: Type.Optional(Type.Literal('depletion')),
    /** The line, as part of RAW; absent: 1, and earlier when RAW would be passed before the next window. */
    triggerRawFraction: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 3 })),
    /** The line as part of TAW instead: the management allowed depletion (MAD). */
    allowedDepletionFraction: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 0.95 })),
    /** Room that is left in the root zone for rain. */
    roomForRainMm: Type.Optional(Millimetres),
    /** Less than this is not worth opening a valve. */
    minNetMm: Type.Optional(Millimetres),
    /** So far, as part of RAW, rain that is expected may let the soil dry. */
    stressLimitRawFraction: Type.Optional(Type.Number({ minimum: 0, maximum: 2 })),
  },
  closed,
);
export type DepletionProgram = Static<typeof DepletionProgram>;

export const SoilMoistureProgram = Type.Object(
  {
    ...common,
    kind: Type.Literal('soil_moisture'),
    openBelowFraction: SoilFraction,
    targetFraction: SoilFraction,
    /** The most in one window (without windows: in one day); one of the two. */
    maxSeconds: Type.Optional(Seconds),
    maxLitres: Type.Optional(Litres),
  },
  closed,
);
export type SoilMoistureProgram = Static<typeof SoilMoistureProgram>;

export const ClockProgram = Type.Object(
  { ...common, ...schedule, kind: Type.Literal('clock'), runSeconds: Seconds },
  closed,
);
export type ClockProgram = Static<typeof ClockProgram>;

export const VolumeProgram = Type.Object(
  {
    ...common,
    ...schedule,
    kind: Type.Literal('volume'),
    /** One of the three. */
    litres: Type.Optional(Litres),
    litresPerPlant: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10_000 })),
    mm: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 500 })),
  },
  closed,
);
export type VolumeProgram = Static<typeof VolumeProgram>;

/** Programs that water at times of the calendar. */
export type ScheduledProgram = ClockProgram | VolumeProgram;
export type Program = DepletionProgram | SoilMoistureProgram | ScheduledProgram;
