import { pestUnits } from '@nongtin/broker/wire';
import { type Static, Type } from 'typebox';
import { degreeDayMethods } from './degree-days.ts';

/** A pest as it stands in pests.json, ours and a farm's own. What nobody has published is null or left out, and said in `unknown`. */
const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 1_000 });
const Words = Type.Object({ vi: Text, en: Text, zh: Text }, closed);
const Texts = Type.Array(Text, { maxItems: 20 });
const Celsius = Type.Number({ minimum: -10, maximum: 60 });
const DegreeDays = Type.Number({ exclusiveMinimum: 0, maximum: 10_000 });
const Hours = Type.Number({ exclusiveMinimum: 0, maximum: 240 });
const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const Development = Type.Object(
  {
    /** T0, below which nothing develops, and above which it is no faster (horizontal cut-off; null: not known). */
    lowerCelsius: Celsius,
    upperCelsius: nullable(Celsius),
    method: Type.Enum([...degreeDayMethods]),
    /** One turn, beginning with what the biofix sees; K in K·d above this T0, of the same study. */
    stages: Type.Array(
      Type.Object({ stage: Type.String({ pattern: '^[a-z][a-z_]{0,39}$' }), degreeDays: DegreeDays }, closed),
      { minItems: 1, maxItems: 12 },
    ),
    source: Text,
  },
  closed,
);

/**
 * From when on heat is added up. `first_catch`: the day of the first catch, or of the first one after so many days with traps and without
 * a catch. `person`: when people say so.
 */
const Biofix = Type.Union([
  Type.Object(
    { kind: Type.Literal('first_catch'), quietDays: Type.Integer({ minimum: 1, maximum: 365 }) },
    closed,
  ),
  Type.Object({ kind: Type.Literal('person') }, closed),
]);

/** From which on something is done; editable, for each crop, market and province has its own. */
const Threshold = Type.Object(
  {
    unit: Type.Enum([...pestUnits]),
    value: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    /** Left out: of all. */
    cropStage: Type.Optional(Words),
    source: Text,
  },
  closed,
);

const Infection = Type.Object(
  {
    /** By cardinal temperatures, or hours as they were measured, between which it is linear (infection.ts). */
    needs: Type.Union([
      Type.Object(
        {
          minCelsius: Celsius,
          optimumCelsius: Celsius,
          maxCelsius: Celsius,
          minWetHours: Hours,
          maxWetHours: Hours,
        },
        closed,
      ),
      Type.Object(
        {
          hoursAt: Type.Array(Type.Object({ celsius: Celsius, hours: Hours }, closed), {
            minItems: 2,
            maxItems: 40,
          }),
        },
        closed,
      ),
    ]),
    /** D50; null: not known, any dry hour ends a wet period. */
    dryHours: nullable(Type.Number({ minimum: 0, maximum: 96 })),
    /** So many days after an infection a spray still helps; null: not known, two are looked back. */
    curativeDays: nullable(Type.Integer({ minimum: 0, maximum: 30 })),
    /** So many days a spray protects; null: not known, none counts. */
    protectionDays: nullable(Type.Integer({ minimum: 1, maximum: 60 })),
    sources: Type.Array(Text, { minItems: 1, maxItems: 10 }),
  },
  closed,
);

export const PestProfile = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
    kind: Type.Enum(['insect', 'mite', 'fungus']),
    name: Words,
    latin: Text,
    /** Names of crops in any language; a plot whose crop has one of them in its name has this pest. */
    crops: Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { maxItems: 100 }),
    development: nullable(Development),
    biofix: nullable(Biofix),
    /** Over so many days catches are a mean, and after so many somebody has to look again. */
    windowDays: Type.Integer({ minimum: 1, maximum: 60 }),
    thresholds: Type.Array(Threshold, { maxItems: 20 }),
    infection: nullable(Infection),
    /** What was looked for and not found, in words. */
    unknown: Type.Array(Type.Union([Words, Text]), { maxItems: 20 }),
    advice: Type.Object(
      {
        /** First, and in the order in which it is done. */
        nonChemical: Type.Array(Words, { minItems: 1, maxItems: 12 }),
        /** Only if … */
        chemical: Words,
        sources: Texts,
      },
      closed,
    ),
  },
  closed,
);
export type PestProfile = Static<typeof PestProfile>;
