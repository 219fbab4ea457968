import { PlantProtectionProduct, ProductListRecord, Reason, SprayRecord } from '@nongtin/broker/wire';
import { type Static, type TArrayOptions, type TSchema, Type } from 'typebox';
import { AtMs, Nullable } from './nullable.ts';

/** What the API asks and answers of crop protection. Dates are local ones of the farm, YYYY-MM-DD. */
const strict = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 120 });
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const LocalTime = Type.String({ maxLength: 20, description: "YYYY-MM-DDTHH:MM on the farm's clock" });

const SprayedDose = Type.Object(
  {
    amount: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
    unit: Type.String({ minLength: 1, maxLength: 20 }),
  },
  strict,
);
export const SprayBody = Type.Object(
  {
    sprayId: Type.Optional(
      Type.String({ format: 'uuid', description: 'made by the phone: sent twice, it is kept once' }),
    ),
    plot: Id,
    zones: Type.Optional(Type.Array(Id, { maxItems: 64, uniqueItems: true })),
    areaHectares: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000 })),
    products: Type.Array(
      // Neither refuses what it does not know: the check of one would take from the other what that needs.
      Type.Union([
        Type.Object({
          version: Type.Integer({ minimum: 1 }),
          row: Type.Integer({ minimum: 0 }),
          dose: SprayedDose,
        }),
        Type.Object({
          ...{ tradeName: Text, dose: SprayedDose },
          told: Type.Optional(
            Type.Object({
              ingredients: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' })),
            }),
          ),
        }),
      ]),
      { minItems: 1, maxItems: 10 },
    ),
    waterLitres: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 })),
    isThroughDrip: Type.Optional(
      Type.Boolean({ description: 'with the water: plots on the same drip lines wait too' }),
    ),
    pest: Text,
    startedAt: LocalTime,
    endedAt: LocalTime,
    operator: Text,
    equipment: Type.Optional(Text),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
    prompt: Type.Optional(Text),
    nevertheless: Type.Optional(
      Type.String({ maxLength: 500, description: 'why, although there are warnings' }),
    ),
  },
  strict,
);

/** What the gateway hands out and nobody changes. */
const List = <Items extends TSchema>(items: Items, options: TArrayOptions = {}) =>
  Type.Unsafe<readonly Static<Items>[]>(Type.Array(items, options));
const Bar = Type.Object({ sprayId: Type.String(), earliestDate: Nullable(Type.String()), reason: Reason });
const NoEntry = Type.Object({
  plot: Type.String(),
  zones: List(Type.String(), { description: 'empty: the whole plot' }),
  untilMs: Nullable(AtMs),
  sprayId: Type.String(),
  reason: Reason,
});

export const CropProtectionAnswer = Type.Object({
  today: Type.String(),
  timeZone: Type.String(),
  isClockTrusted: Type.Boolean(),
  listVersion: Type.Integer({ description: '0: there is no list' }),
  targetMarkets: List(Type.String(), { description: 'where the harvest is to be sold' }),
  plots: List(
    Type.Object({
      plot: Type.String(),
      name: Type.String(),
      crop: Type.String(),
      areaHectares: Type.Number(),
      earliestHarvest: Nullable(Bar),
      noEntry: List(NoEntry),
    }),
  ),
});

export const ProductListAnswer = Type.Object({
  list: Nullable(ProductListRecord),
  notTaken: List(Type.Object({ row: Type.Integer(), reason: Reason }), {
    description: "products that a market of the farm's does not take, by their row of the list",
  }),
  restricted: List(
    Type.Object({
      ingredient: Type.String(),
      names: List(Type.String(), { description: 'lower case, without marks' }),
      market: Type.String(),
      status: Type.String(),
    }),
    { description: "ingredients that a market of the farm's does not take, for products on no list" },
  ),
});

export const ImportAnswer = Type.Object({
  sha256: Type.String(),
  encoding: Nullable(Type.String()),
  delimiter: Nullable(Type.String()),
  products: List(PlantProtectionProduct),
  problems: List(
    Type.Object({
      line: Nullable(Type.Integer()),
      column: Nullable(Type.String()),
      reason: Reason,
    }),
  ),
  notes: List(Reason),
  follows: Type.Integer(),
  changes: Type.Object({
    added: List(Type.String()),
    changed: List(
      Type.Object({
        product: Type.String(),
        phiDays: List(Type.Number()),
        reiHours: List(Type.Number()),
      }),
    ),
    removed: List(Type.String()),
    same: Type.Integer(),
  }),
});

export const SprayCheckAnswer = Type.Object({
  problems: List(Reason),
  warnings: List(Reason),
  needsWord: Type.Boolean(),
  earliestHarvest: Nullable(Bar),
  noEntry: Nullable(NoEntry),
});

export const SprayRecordAnswer = Type.Object({ spray: SprayRecord });
export const SpraysAnswer = Type.Object({ sprays: List(SprayRecord) });
export const SprayRevisionsAnswer = Type.Object({ revisions: List(SprayRecord) });
