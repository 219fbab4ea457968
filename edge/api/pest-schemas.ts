import { PestSeenRecord, pestUnits, Reason, TrapCountRecord } from '@nongtin/broker/wire';
import { type Static, type TArrayOptions, type TSchema, Type } from 'typebox';
import { PestProfile } from '../pest/profile.ts';
import { AtMs, Nullable } from './nullable.ts';

/** What the API asks and answers of pests. Dates are local ones of the farm, YYYY-MM-DD. */
const strict = { additionalProperties: false } as const;
const Id = Type.String({ minLength: 1, maxLength: 64 });
const LocalTime = Type.String({ maxLength: 20, description: "YYYY-MM-DDTHH:MM on the farm's clock" });
const LocalDate = Type.String({ maxLength: 10, description: 'YYYY-MM-DD' });
const Made = Type.Optional(
  Type.String({ format: 'uuid', description: 'made by the phone: sent twice, it is kept once' }),
);
/** Its bytes follow by PUT /api/diary/attachments/:sha256, in pieces. */
const Photo = Type.Optional(
  Type.Object(
    {
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      mediaType: Type.String({ minLength: 1, maxLength: 64 }),
      sizeBytes: Type.Integer({ minimum: 1 }),
    },
    strict,
  ),
);
const Note = Type.Optional(Type.String({ maxLength: 500 }));

export const CountBody = Type.Object(
  {
    countId: Made,
    trap: Id,
    count: Type.Number(),
    countedAt: LocalTime,
    since: Type.Optional(
      Type.String({
        maxLength: 20,
        description: 'absent: since the last count; of a first one it has to be told',
      }),
    ),
    photo: Photo,
    note: Note,
  },
  strict,
);

export const SeenBody = Type.Object(
  {
    seenId: Made,
    plot: Id,
    pest: Id,
    seenAt: LocalTime,
    unit: Type.String({ maxLength: 40, description: pestUnits.slice(1).join(', ') }),
    value: Type.Number({ description: 'mean of what was looked at, in the unit' }),
    sampleSize: Type.Number({ description: 'how many were looked at' }),
    cropStage: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description:
          'English name of the stage of one of the thresholds of this unit; absent: the lowest counts',
      }),
    ),
    photo: Photo,
    note: Note,
  },
  strict,
);

/** Null first: what reads bodies would make a text of it otherwise. */
export const BiofixBody = Type.Object(
  { plot: Id, pest: Id, date: Type.Union([Type.Null(), LocalDate]) },
  strict,
);

/** What the gateway hands out and nobody changes. */
const List = <Items extends TSchema>(items: Items, options: TArrayOptions = {}) =>
  Type.Unsafe<readonly Static<Items>[]>(Type.Array(items, options));
const Words = Type.Object({ vi: Type.String(), en: Type.String(), zh: Type.String() });

const PlotPest = Type.Object({
  pest: Type.String({ description: 'id of the pest library' }),
  name: Words,
  latin: Type.String(),
  kind: Type.String({ description: 'insect, mite or fungus' }),
  advice: Type.Union([Type.Literal('act'), Type.Literal('wait'), Type.Literal('look')]),
  lookAgainDate: Type.String(),
  reason: Reason,
  notes: List(Reason),
  perTrapPerDay: Nullable(Type.Number({ description: "mean of the pest's window; null: nobody looked" })),
  seen: Nullable(
    Type.Object({
      unit: Type.String(),
      value: Type.Number(),
      sampleSize: Type.Integer(),
      seenAtMs: AtMs,
      by: Type.String(),
    }),
  ),
  development: Nullable(
    Type.Object({
      biofixDate: Type.String(),
      biofixKind: Type.String({ description: 'first_catch or person' }),
      degreeDays: Type.Number({
        description: 'K·d from the biofix to yesterday; a lower bound where days are missing',
      }),
      lowerCelsius: Type.Number(),
      upperCelsius: Nullable(Type.Number({ description: 'horizontal cut-off; null: not known' })),
      method: Type.String({ description: 'single_sine, average_limited or extremes_limited' }),
      perDay: Nullable(Type.Number({ description: 'K·d a day, of the last week' })),
      filledDays: Type.Integer(),
      missingDays: Type.Integer(),
      generation: Type.Integer(),
      stage: Type.String(),
      stageFraction: Type.Number(),
      nextFlightDate: Nullable(Type.String()),
    }),
  ),
  infection: Nullable(
    Type.Object({
      fromMs: AtMs,
      toMs: AtMs,
      wetHours: Type.Number(),
      neededHours: Nullable(Type.Number()),
      celsius: Type.Number(),
      estimatedHours: Type.Integer({
        description: 'of all hours looked at, told by humidity or rain and by no leaf wetness sensor',
      }),
    }),
  ),
  neighbours: List(
    Type.Object({
      farm: Type.String(),
      distanceKm: Nullable(Type.Integer({ description: 'null: not known' })),
      bearing: Nullable(Type.Integer({ description: 'degrees from north, clockwise' })),
      perTrapPerDay: Type.Number(),
      date: Type.String(),
    }),
  ),
});

export const PestsAnswer = Type.Object({
  today: Type.String(),
  timeZone: Type.String(),
  isClockTrusted: Type.Boolean(),
  plots: List(
    Type.Object({ plot: Type.String(), name: Type.String(), crop: Type.String(), pests: List(PlotPest) }),
  ),
});

export const TrapsAnswer = Type.Object({
  today: Type.String(),
  timeZone: Type.String(),
  traps: List(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      plot: Type.String(),
      pest: Type.String(),
      pestName: Nullable(Words),
      latin: Nullable(Type.String()),
      kind: Type.String(),
      device: Nullable(Type.String()),
      checkEveryDays: Type.Integer(),
      nextCheckDate: Type.String({ description: 'today or before: it is due' }),
      last: Nullable(TrapCountRecord),
      days: List(
        Type.Object({
          date: Type.String(),
          caught: Nullable(Type.Number({ description: 'null: nobody looked, which is not none' })),
          isSpread: Type.Boolean({ description: 'of a look over several days' }),
        }),
      ),
      weeks: List(
        Type.Object({
          fromDate: Type.String({ description: 'a Monday' }),
          perDay: Nullable(Type.Number()),
          knownDays: Type.Integer(),
        }),
      ),
    }),
  ),
});

export const PestLibraryAnswer = Type.Object({ pests: List(PestProfile) });
export const CountAnswer = Type.Object({ count: TrapCountRecord });
export const CountsAnswer = Type.Object({ counts: List(TrapCountRecord) });
export const SeenAnswer = Type.Object({ seen: PestSeenRecord });
export const SeenListAnswer = Type.Object({ seen: List(PestSeenRecord) });
export const BiofixAnswer = Type.Object({ date: Nullable(Type.String()) });
