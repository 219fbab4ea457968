import { type Static, Type } from 'typebox';
import { Reason } from './reason.ts';

/** Records of crop protection: which products the farm may use, by their labels, and what was sprayed. */

const AtMs = Type.Integer();
/** A local date of the farm, YYYY-MM-DD. */
const LocalDate = Type.String();

/** Amount of product: per hectare, per litre of spray liquid, or of all that was used. */
export const Dose = Type.Object({
  amount: Type.Number({ exclusiveMinimum: 0 }),
  /** 'mL/ha', 'g/L', 'mL/16L' (of spray liquid), or 'mL' for all that was used. */
  unit: Type.String(),
});
export type Dose = Static<typeof Dose>;

/** A market on which an active ingredient may not be found. */
const MarketRestriction = Type.Object({
  /** ISO 3166 two letters, or EU. */
  market: Type.String(),
  ingredient: Type.String(),
  status: Type.Union([Type.Literal('banned'), Type.Literal('no_mrl')]),
});
export type MarketRestriction = Static<typeof MarketRestriction>;

/** One row of the farm's list: what the label says of one product for these crops and pests. */
export const PlantProtectionProduct = Type.Object({
  tradeName: Type.String(),
  /** Number of its registration. */
  registration: Type.Optional(Type.String()),
  ingredients: Type.Array(
    Type.Object({
      name: Type.String(),
      content: Type.Number(),
      /** g/L, g/kg, %, IU/mg, CFU/g … */
      unit: Type.String(),
    }),
  ),
  dose: Type.Object({ min: Type.Number(), max: Type.Number(), unit: Type.String() }),
  /** Pre-harvest interval, local days after the day on which the spraying ended. */
  phiDays: Type.Integer(),
  /** Re-entry interval, hours after the spraying ended. */
  reiHours: Type.Number(),
  crops: Type.Array(Type.String()),
  /** Empty: the list does not say. */
  pests: Type.Array(Type.String()),
  restrictions: Type.Array(MarketRestriction),
  /** In one season. */
  maxApplications: Type.Optional(Type.Integer()),
  /** Where it was read, and when. */
  source: Type.String(),
  sourceDate: LocalDate,
});
export type PlantProtectionProduct = Static<typeof PlantProtectionProduct>;

/** The farm's list as a whole; the newest is in force, the earlier ones are what earlier sprays refer to. */
export const ProductListRecord = Type.Object({
  kind: Type.Literal('product_list'),
  /** From 1. */
  version: Type.Integer({ minimum: 1 }),
  atMs: AtMs,
  /** Of the file that was imported. */
  fileName: Type.String(),
  sha256: Type.String(),
  encoding: Type.String(),
  products: Type.Array(PlantProtectionProduct),
  /** Account that accepted it. */
  recordedBy: Type.String(),
});
export type ProductListRecord = Static<typeof ProductListRecord>;

/** A product of a tank mix. */
export const SprayedProduct = Type.Object({
  tradeName: Type.String(),
  /** Absent: nobody has said; only in what the diary tells. */
  dose: Type.Optional(Dose),
  /**
   * What a person has read from the label: intervals, which count where they are longer than the list's, and of a product on no list
   * its ingredients.
   */
  told: Type.Optional(
    Type.Object({
      phiDays: Type.Optional(Type.Number()),
      reiHours: Type.Optional(Type.Number()),
      ingredients: Type.Optional(Type.String()),
    }),
  ),
  /** Which row of which list it is, as it said then; null: it stands on no list, so nobody knows its intervals. */
  listed: Type.Union([
    Type.Object({
      version: Type.Integer(),
      /** From 0. */
      row: Type.Integer(),
      phiDays: Type.Integer(),
      reiHours: Type.Number(),
      crops: Type.Array(Type.String()),
      pests: Type.Array(Type.String()),
      ingredients: Type.Array(Type.String()),
    }),
    Type.Null(),
  ]),
});
export type SprayedProduct = Static<typeof SprayedProduct>;

const Measured = Type.Union([Type.Number(), Type.Null()]);

/** The farm's own weather while it was sprayed; null: nobody measured it. */
export const SprayWeather = Type.Object({
  /** The windiest hour, m/s. */
  windMetresPerSecond: Measured,
  /** In the hours of the spraying, mm. */
  rainMm: Measured,
  /** °C and %, means. */
  airTemperature: Measured,
  relativeHumidity: Measured,
});
export type SprayWeather = Static<typeof SprayWeather>;

/**
 * One spraying. A correction or a withdrawal is the next revision of it: nothing is deleted, and the one with the highest
 * number counts.
 */
export const SprayRecord = Type.Object({
  kind: Type.Literal('spray'),
  /** Of one from the diary, the id of its entry. */
  sprayId: Type.String(),
  /** Told by an entry of the diary, and corrected there. */
  isFromDiary: Type.Optional(Type.Boolean()),
  /** From 1. */
  revision: Type.Integer({ minimum: 1 }),
  state: Type.Union([Type.Literal('standing'), Type.Literal('withdrawn')]),
  /** Why it was corrected or withdrawn. */
  why: Type.Optional(Type.String()),
  /** When this revision was recorded; whether the gateway was sure of it. */
  atMs: AtMs,
  isClockTrusted: Type.Boolean(),
  /** Account that recorded it, and its name. */
  recordedBy: Type.String(),
  recordedByName: Type.String(),
  plot: Type.String(),
  /** The zones that were sprayed; empty: the whole plot. */
  zones: Type.Array(Type.String()),
  /** Given with the water, through drip lines that feed these plots too: their harvests wait as well. */
  sharedWith: Type.Optional(Type.Array(Type.String())),
  areaHectares: Type.Number({ exclusiveMinimum: 0 }),
  products: Type.Array(SprayedProduct),
  waterLitres: Type.Optional(Type.Number()),
  pest: Type.String(),
  startedAtMs: AtMs,
  endedAtMs: AtMs,
  /** The day on which it ended, by the farm's own time. */
  endDate: LocalDate,
  operator: Type.String(),
  equipment: Type.Optional(Type.String()),
  /** Null: the farm measured nothing then. */
  weather: Type.Union([SprayWeather, Type.Null()]),
  reason: Type.Optional(Type.String()),
  /** The alarm or pest risk that it answers. */
  prompt: Type.Optional(Type.String()),
  /** What was not as the label or a market has it, and why it was done nevertheless. */
  warnings: Type.Array(Reason),
  nevertheless: Type.Optional(Type.String()),
});
export type SprayRecord = Static<typeof SprayRecord>;

/** A manager's word that lets a harvest be within a pre-harvest interval; part of the harvest's record. */
export const HarvestOverride = Type.Object({
  /** Account and name of the manager. */
  by: Type.String(),
  byName: Type.String(),
  reason: Type.String(),
  /** What had refused it. */
  refusals: Type.Array(Reason),
  sprayIds: Type.Array(Type.String()),
});
export type HarvestOverride = Static<typeof HarvestOverride>;
