import { type Static, Type } from 'typebox';
import { Reason } from './reason.ts';

/** Records of what a farm's water need is reckoned from, and of who told its programs to wait. */

const AtMs = Type.Integer();
const Measured = Type.Union([Type.Number(), Type.Null()]);
const Spread = Type.Union([
  Type.Object({ min: Type.Number(), max: Type.Number(), mean: Type.Number() }),
  Type.Null(),
]);

/**
 * An hour of the farm's weather, from readings that were fit for control; null: nobody told it. The hour is one of the farm's
 * calendar, which is UTC but in a time-lapse demo.
 */
export const WeatherHourRecord = Type.Object({
  kind: Type.Literal('weather_hour'),
  /** Its end. */
  atMs: AtMs,
  startMs: AtMs,
  /** Readings of the air's temperature in it. */
  samples: Type.Integer({ minimum: 0 }),
  /** °C. */
  airTemperature: Spread,
  /** %. */
  relativeHumidity: Spread,
  /** °C, hPa, m/s, W/m²: means. */
  dewPoint: Measured,
  airPressure: Measured,
  windSpeed: Measured,
  solarRadiation: Measured,
  /** mm that fell in it. */
  rain: Measured,
  /** %, mean; absent: no sensor told it. */
  leafWetness: Type.Optional(Type.Number()),
  /** Where each gauge stood at its end, so that a restart loses no rain. */
  gauges: Type.Array(
    Type.Object({ device: Type.String(), channel: Type.String(), countedMm: Type.Number() }),
  ),
});
export type WeatherHourRecord = Static<typeof WeatherHourRecord>;

/** What the model thinks of a soil probe, and remembers of it for the next day (m³/m³, mm, mm²). */
const ProbeMemory = Type.Object({
  /** Why it is not believed. */
  doubt: Type.Union([
    Type.Literal('out_of_range'),
    Type.Literal('flat'),
    Type.Literal('jumps'),
    Type.Literal('disagrees'),
    Type.Literal('drifts'),
    Type.Null(),
  ]),
  days: Type.Number(),
  varianceMm2: Type.Number(),
  last: Type.Object({ date: Type.String(), soilMoisture: Type.Number(), modelMoisture: Type.Number() }),
  flat: Type.Object({
    since: Type.String(),
    soilMoisture: Type.Number(),
    modelLow: Type.Number(),
    modelHigh: Type.Number(),
  }),
  jumps: Type.Number(),
  correctedMm: Type.Number(),
  movedMm: Type.Number(),
  wetterMm: Type.Optional(Type.Number()),
  drierMm: Type.Optional(Type.Number()),
  aboveDays: Type.Optional(Type.Number()),
});

/**
 * A day of a zone's root zone, as the crop-water model has it (FAO-56); mm over the whole area of the zone. Measured and
 * unproven litres are kept apart: the latter are those planned for runs that no meter has seen.
 */
export const WaterBalanceRecord = Type.Object({
  kind: Type.Literal('water_balance'),
  atMs: AtMs,
  zone: Type.String(),
  /** Local, YYYY-MM-DD. */
  date: Type.String(),
  et0Mm: Type.Number(),
  /**
   * How ET0 was found: `penman_monteith`, `hargreaves`, `monthly_normal`, `recent` (the mean of the days before), or
   * `last_known` (that mean as it last was, for neither they nor the months are known).
   */
  et0Method: Type.String(),
  /** What stood in for what was not measured. */
  et0Reasons: Type.Array(Reason),
  stage: Type.String(),
  kc: Type.Number(),
  /** Below 1: the crop was short of water. */
  ks: Type.Number(),
  etcMm: Type.Number(),
  etcActualMm: Type.Number(),
  /** Null: no gauge spoke; counted as none. */
  rainMm: Measured,
  effectiveRainMm: Type.Number(),
  runoffMm: Type.Number(),
  measuredLitres: Type.Number(),
  unprovenLitres: Type.Number(),
  irrigationMm: Type.Number(),
  percolationMm: Type.Number(),
  /** By which a probe has corrected the model in the course of the day. */
  correctedMm: Type.Number(),
  /** At the end of the day. */
  depletionMm: Type.Number(),
  rawMm: Type.Number(),
  tawMm: Type.Number(),
  rootDepthMetres: Type.Number(),
  surfaceDepletionMm: Type.Number(),
  wettedFraction: Type.Number(),
  /** What the model remembers of the zone's probe, for the next day; its own affair. */
  probe: Type.Union([ProbeMemory, Type.Null()]),
  /** Nothing was known when the balance began, and nothing has set it right since. */
  isAssumed: Type.Boolean(),
  /** It began with what the probe said; neither water nor the probe's moving with it has borne that out since. Absent: no. */
  isFromProbe: Type.Optional(Type.Boolean()),
  /** A person who believes the probe has said so on the day after: `depletionMm` is what makes the soil then what the probe says. */
  setBy: Type.Optional(Type.String()),
  /** The crop's profile, and when it was planted (YYYY-MM-DD; null: perennial): another planting has other roots. */
  crop: Type.Optional(Type.String()),
  plantedOn: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
export type WaterBalanceRecord = Static<typeof WaterBalanceRecord>;

/** People have told programs to wait, or taken it back. What a person opens by hand is not touched by it. */
export const ProgramHoldRecord = Type.Object({
  kind: Type.Literal('program_hold'),
  atMs: AtMs,
  /** Null: of all zones. */
  zone: Type.Union([Type.String(), Type.Null()]),
  holds: Type.Boolean(),
  /** Null: until it is taken back. */
  untilMs: Type.Union([Type.Integer(), Type.Null()]),
  /** Name of the account. */
  by: Type.String(),
});
export type ProgramHoldRecord = Static<typeof ProgramHoldRecord>;
