import { type Static, Type } from 'typebox';
import { ChangingWaterSpec, DosingHeadSpec } from './dosing-head.ts';

/**
 * A farm as the simulator builds it: what is true in the field, whatever a gateway believes of it. Plain data; units stand
 * in the names. `readFarm` (problems.ts) says what is wrong with one.
 */
const closed = { additionalProperties: false } as const;
const Fraction = Type.Number({ minimum: 0, maximum: 1 });
const Positive = Type.Number({ exclusiveMinimum: 0, maximum: 1e9 });
const NotNegative = Type.Number({ minimum: 0, maximum: 1e9 });
/** One level of a topic; faults name their target by it. */
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });

export const Words = Type.Object(
  { vi: Type.String({ minLength: 1 }), en: Type.String({ minLength: 1 }) },
  closed,
);

const SiteSpec = Type.Object(
  {
    latitudeDegrees: Type.Number({ minimum: -66, maximum: 66 }),
    longitudeDegrees: Type.Number({ minimum: -180, maximum: 180 }),
    altitudeMetres: Type.Number({ minimum: -100, maximum: 5_000 }),
    utcOffsetHours: Type.Number({ minimum: -12, maximum: 14 }),
  },
  closed,
);

const LayerSpec = Type.Object(
  {
    thicknessMetres: Type.Number({ minimum: 0.01, maximum: 5 }),
    fieldCapacity: Fraction,
    wiltingPoint: Fraction,
    saturation: Fraction,
    drainageHours: Type.Number({ minimum: 0.1, maximum: 1_000 }),
  },
  closed,
);

const SoilSpec = Type.Object(
  {
    layers: Type.Array(LayerSpec, { minItems: 1, maxItems: 20 }),
    infiltrationMmPerHour: Type.Optional(Positive),
    surfaceStorageMm: Type.Optional(NotNegative),
  },
  closed,
);

const ByDay = { day: Type.Number({ minimum: 0, maximum: 20_000 }) };

const CropSpec = Type.Object(
  {
    /** Corners of the Kc curve by day after planting, straight lines between them; one corner: a constant. */
    kcByDay: Type.Array(Type.Object({ ...ByDay, kc: Type.Number({ minimum: 0, maximum: 2 }) }, closed), {
      minItems: 1,
    }),
    rootDepthByDay: Type.Array(
      Type.Object({ ...ByDay, metres: Type.Number({ minimum: 0.05, maximum: 5 }) }, closed),
      { minItems: 1 },
    ),
    /** p: share of the available water that is taken without stress. */
    depletionShare: Type.Number({ minimum: 0.05, maximum: 0.95 }),
    /** How old the crop is when the simulation begins. */
    plantedDaysBefore: Type.Optional(NotNegative),
  },
  closed,
);

const EmitterSpec = Type.Object(
  {
    /** Of the whole zone, at `atKpa` before the valve. */
    litresPerMinute: Positive,
    atKpa: Positive,
    /** Flow = litresPerMinute × (pressure / atKpa) ^ exponent; 0 for pressure-compensating drippers, 0.5 for orifices. */
    exponent: Fraction,
    /** DU: what the quarter that gets least gets, as a share of the mean. */
    uniformity: Type.Number({ minimum: 0.1, maximum: 1 }),
  },
  closed,
);

export const ZoneSpec = Type.Object(
  {
    id: Id,
    source: Id,
    areaM2: Positive,
    /** Share of the area that the emitters wet and the roots live in; depths are mm over that part. */
    wettedFraction: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    /** Share of the emitted water that reaches the soil. */
    applicationEfficiency: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    soil: SoilSpec,
    crop: CropSpec,
    emitters: EmitterSpec,
    /** θ of all layers when the simulation begins, m³/m³. */
    firstMoisture: Fraction,
  },
  closed,
);

export const SourceSpec = Type.Object(
  {
    id: Id,
    /** Without a pump: what the mains or a tank on a hill give, however much flows. */
    pressureKpa: Type.Optional(Positive),
    /**
     * With one: head falls with the square of the flow from `shutOffHeadMetres` at none to `ratedHeadMetres` at
     * `ratedFlowLitresPerMinute`. A pump that no device drives starts by itself when a valve opens.
     */
    pump: Type.Optional(
      Type.Object(
        { shutOffHeadMetres: Positive, ratedHeadMetres: Positive, ratedFlowLitresPerMinute: Positive },
        closed,
      ),
    ),
    /** Height of the fields above the source. */
    liftMetres: Type.Optional(Type.Number({ minimum: -500, maximum: 500 })),
    tank: Type.Optional(
      Type.Object(
        {
          capacityLitres: Positive,
          firstLitres: NotNegative,
          inflowLitresPerHour: NotNegative,
          /** A float lets water in below the first mark and until the second; absent: it always runs in. */
          fillBelowFraction: Type.Optional(Fraction),
          fillUpToFraction: Type.Optional(Fraction),
        },
        closed,
      ),
    ),
    /**
     * Loss of pressure when clean at `atLitresPerMinute`; it doubles with each `doublesAfterLitres`. An open flush valve lets
     * `flushLitresPerMinute` out at 100 kPa, which cleans it in a minute.
     */
    filter: Type.Optional(
      Type.Object(
        {
          cleanLossKpa: NotNegative,
          atLitresPerMinute: Positive,
          doublesAfterLitres: Positive,
          flushLitresPerMinute: Type.Optional(Positive),
        },
        closed,
      ),
    ),
    /** Of the irrigation water. */
    ecMilliSiemensPerCm: Type.Optional(NotNegative),
    ph: Type.Optional(Type.Number({ minimum: 0, maximum: 14 })),
    /** How it changes; absent: never. */
    changing: Type.Optional(ChangingWaterSpec),
  },
  closed,
);

/** What opens and closes water; `settings` belong to the family (families/). */
const OutputSpec = {
  id: Id,
  family: Type.Optional(Type.String()),
  /** Pulses of a built-in meter are this many litres; absent: the device has none. */
  meterLitresPerPulse: Type.Optional(Positive),
  reportSeconds: Type.Optional(Positive),
  settings: Type.Optional(Type.Object({}, { additionalProperties: true })),
};
const SensorSpec = { id: Id, everySeconds: Positive };

/** One row a kind of device: its fields. */
export const deviceSchemas = {
  valve: Type.Object({ ...OutputSpec, kind: Type.Literal('valve'), zone: Id }, closed),
  master_valve: Type.Object({ ...OutputSpec, kind: Type.Literal('master_valve'), source: Id }, closed),
  pump: Type.Object({ ...OutputSpec, kind: Type.Literal('pump'), source: Id }, closed),
  flush_valve: Type.Object({ ...OutputSpec, kind: Type.Literal('flush_valve'), source: Id }, closed),
  /** Draws stock from a tank of a dosing head: a relay with a countdown of its own. */
  dose_pump: Type.Object({ ...OutputSpec, kind: Type.Literal('dose_pump'), head: Id, tank: Id }, closed),
  /** Stands in the water behind the mixing of a dosing head. */
  water_probe: Type.Object(
    {
      ...SensorSpec,
      kind: Type.Literal('water_probe'),
      head: Id,
      measures: Type.Enum(['water_ec', 'water_ph']),
      /** What it shows besides the truth, in the metric's unit. */
      noise: Type.Optional(NotNegative),
      /** In which it comes within a third (1/e) of a change; 5. */
      responseSeconds: Type.Optional(NotNegative),
      offset: Type.Optional(Type.Number({ minimum: -20, maximum: 20 })),
      gain: Type.Optional(Positive),
      driftPerDay: Type.Optional(Type.Number({ minimum: -10, maximum: 10 })),
    },
    closed,
  ),
  soil_probe: Type.Object(
    {
      ...SensorSpec,
      kind: Type.Literal('soil_probe'),
      zone: Id,
      /** Absent: the mean of the root zone. */
      depthMetres: Type.Optional(Positive),
      /** Which quarter of the zone it stands in: 0 gets least, 3 most; absent: what is typical. */
      quarter: Type.Optional(Type.Integer({ minimum: 0, maximum: 3 })),
      /** What it shows besides the truth: m³/m³. */
      noise: Type.Optional(NotNegative),
    },
    closed,
  ),
  weather_station: Type.Object({ ...SensorSpec, kind: Type.Literal('weather_station') }, closed),
  flow_meter: Type.Object(
    {
      ...SensorSpec,
      kind: Type.Literal('flow_meter'),
      /** Behind the pump, or before a zone: exactly one of them. */
      source: Type.Optional(Id),
      zone: Type.Optional(Id),
      litresPerPulse: Positive,
    },
    closed,
  ),
  pressure_sensor: Type.Object(
    {
      ...SensorSpec,
      kind: Type.Literal('pressure_sensor'),
      source: Id,
      /** Absent: behind the filter, before the valves. */
      side: Type.Optional(Type.Literal('before_filter')),
    },
    closed,
  ),
  tank_sensor: Type.Object({ ...SensorSpec, kind: Type.Literal('tank_sensor'), source: Id }, closed),
  fertilizer_station: Type.Object(
    { ...SensorSpec, kind: Type.Literal('fertilizer_station'), source: Id },
    closed,
  ),
  fly_trap: Type.Object({ ...SensorSpec, kind: Type.Literal('fly_trap'), fliesPerDay: NotNegative }, closed),
};
export type DeviceKind = keyof typeof deviceSchemas;
export type DeviceSpec = { [Kind in DeviceKind]: Static<(typeof deviceSchemas)[Kind]> }[DeviceKind];
export type OutputSpec = Extract<
  DeviceSpec,
  { kind: 'valve' | 'master_valve' | 'pump' | 'flush_valve' | 'dose_pump' }
>;
export type SensorSpec = Exclude<DeviceSpec, OutputSpec>;

/** Devices are checked by their kind, one by one, so that an error names its field. */
export const FarmSpec = Type.Object(
  {
    format: Type.Literal('nongtin-sim-farm-1'),
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }),
    title: Words,
    climate: Type.String(),
    /** Absent: where its climate is. */
    site: Type.Optional(SiteSpec),
    /** What the pauses between messages follow in a time-lapse: the farm's time, or that outside. */
    pace: Type.Optional(Type.Enum(['farm', 'real'])),
    sources: Type.Array(SourceSpec, { minItems: 1 }),
    zones: Type.Array(ZoneSpec, { minItems: 1 }),
    /** Dosing heads; one a source at most. */
    heads: Type.Optional(Type.Array(DosingHeadSpec)),
    devices: Type.Array(Type.Object({ id: Id, kind: Type.String() }, { additionalProperties: true })),
  },
  closed,
);
export type ZoneSpec = Static<typeof ZoneSpec>;
export type SourceSpec = Static<typeof SourceSpec>;
export type FarmSpec = Omit<Static<typeof FarmSpec>, 'devices'> & { readonly devices: readonly DeviceSpec[] };

export function isOutput(device: DeviceSpec): device is OutputSpec {
  return ['valve', 'master_valve', 'pump', 'flush_valve', 'dose_pump'].includes(device.kind);
}
