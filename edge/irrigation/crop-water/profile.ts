import { type Static, Type } from 'typebox';

/** Profiles as they stand in crops.json and soils.json, ours and a technician's own. */
const closed = { additionalProperties: false } as const;
const Id = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' });
const Name = Type.Object(
  { vi: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }), zh: Type.String({ minLength: 1 }) },
  closed,
);
const Sources = Type.Array(Type.String({ minLength: 1 }), { minItems: 1 });
const Coefficient = Type.Number({ minimum: 0, maximum: 2 });
const Coefficients = Type.Object({ initial: Coefficient, mid: Coefficient, end: Coefficient }, closed);
const Metres = Type.Number({ exclusiveMinimum: 0, maximum: 10 });
const Days = Type.Integer({ minimum: 0, maximum: 366 });
const EDITION = Type.Enum(['FAO56-1998', 'FAO56-2025']);
const MonthStage = Type.Enum(['initial', 'development', 'mid', 'late', 'end']);

const AnnualSeason = Type.Object(
  {
    kind: Type.Literal('annual'),
    /** Lengths of the stages, days from planting (table 11). */
    stageDays: Type.Object({ initial: Days, development: Days, mid: Days, late: Days }, closed),
  },
  closed,
);
const PerennialSeason = Type.Object(
  {
    kind: Type.Literal('perennial'),
    /** The stage of January to December; development and late lead over to what comes next. */
    months: Type.Array(MonthStage, { minItems: 12, maxItems: 12 }),
  },
  closed,
);

const Salinity = Type.Object(
  {
    /** ECe from which on the yield falls, dS/m, and by how many % for each dS/m more (table 23 | 8.7 to 8.10). */
    thresholdDsPerM: Type.Number({ minimum: 0, maximum: 30 }),
    slopePercent: Type.Number({ exclusiveMinimum: 0, maximum: 100 }),
    /** Ky (table 24 | 8.7 to 8.10). */
    yieldResponse: Type.Number({ minimum: 0.2, maximum: 2 }),
  },
  closed,
);

const cropWith = <Season extends typeof AnnualSeason | typeof PerennialSeason>(season: Season) =>
  Type.Object(
    {
      id: Id,
      name: Name,
      /** Whose Kc and p these are: the editions are not mixed within a profile. */
      edition: EDITION,
      /** Where each figure comes from, and what was assumed. */
      sources: Sources,
      /** Single coefficients Kc in a standard climate, RHmin 45 % and wind 2 m/s (table 12 | chapter 6). */
      kc: Coefficients,
      /** Basal coefficients Kcb, without which there is no dual coefficient (table 17 | chapter 7). */
      kcb: Type.Optional(Coefficients),
      season,
      /** Of the full-grown plant; left out: unknown, then Kc is not adjusted to the climate. */
      heightMetres: Type.Optional(Metres),
      /** Left out: the book gives none, so the zone should state it; until then the default below is used, and said. */
      rootDepthMetres: Type.Optional(Type.Object({ initial: Metres, full: Metres }, closed)),
      rootDepthDefaultMetres: Type.Optional(Metres),
      /** p at an ETc of 5 mm a day: the share of TAW that is used without stress (table 22 | chapter 8). */
      depletionFraction: Type.Number({ minimum: 0.05, maximum: 0.8 }),
      /** In place of p: stress begins below this share of field capacity (aerobic rice, 2025). */
      stressBelowFieldCapacity: Type.Optional(Type.Number({ minimum: 0.5, exclusiveMaximum: 1 })),
      /** Grows in water: no program by depletion; wetting and drying goes by the level in a field tube (rewet.ts). */
      isFlooded: Type.Optional(Type.Boolean()),
      salinity: Type.Optional(Salinity),
    },
    closed,
  );

/** One schema a kind of season, so that what is wrong is said of the kind that was meant. */
export const AnnualCrop = cropWith(AnnualSeason);
export const PerennialCrop = cropWith(PerennialSeason);
export type CropProfile = Static<typeof AnnualCrop> | Static<typeof PerennialCrop>;

const Fraction = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 });

export const SoilProfile = Type.Object(
  {
    id: Id,
    name: Name,
    sources: Sources,
    /** Water held after a day or two of draining, m³/m³. */
    fieldCapacity: Fraction,
    /** Water that roots cannot take, m³/m³. */
    wiltingPoint: Fraction,
    /** Water that evaporates from the surface without hindrance, mm (table 19 | 7.5). */
    readilyEvaporableMm: Type.Number({ minimum: 0, maximum: 20 }),
    /** Depth that dries by evaporation, m; 0.10 to 0.15. */
    evaporationDepthMetres: Type.Number({ minimum: 0.05, maximum: 0.2 }),
  },
  closed,
);
export type SoilProfile = Static<typeof SoilProfile>;
