import { DoseRecord, Reason } from '@nongtin/broker/wire';
import { type Static, type TSchema, Type } from 'typebox';
import { AtMs, Nullable } from './nullable.ts';

/** What the API asks and answers of fertigation. Stock is mL or litres, water litres, EC mS/cm at 25 °C, kg of nutrients as labels give them. */
const strict = { additionalProperties: false } as const;
/** What the gateway hands out and nobody changes. */
const List = <Items extends TSchema>(items: Items) =>
  Type.Unsafe<readonly Static<Items>[]>(Type.Array(items));
const Amounts = Type.Unsafe<Readonly<Record<string, number>>>(Type.Record(Type.String(), Type.Number()));

const Quantity = Type.Object({
  min: Type.Number(),
  max: Type.Number(),
  tolerance: Type.Number({ description: 'by so much two probes may differ' }),
  probes: List(
    Type.Object({
      device: Type.String(),
      channel: Nullable(Type.String()),
      value: Nullable(Type.Number()),
      atMs: Nullable(AtMs),
      isGood: Nullable(Type.Boolean({ description: 'fit to dose by' })),
    }),
  ),
});

const Calibration = Type.Object({
  calibrationId: Type.String(),
  tank: Type.String(),
  seconds: Type.Number(),
  stage: Type.Enum(['running', 'measure', 'again', 'done'], {
    description: 'measure: the cup is to be read; again: another run is wanted, for `reason`',
  }),
  reason: Nullable(Reason),
  runs: List(Type.Object({ seconds: Type.Number(), millilitres: Type.Number(), waterLitres: Type.Number() })),
  spreadPercent: Nullable(Type.Number({ description: 'of the last two runs' })),
  rate: Nullable(Type.Number({ description: 'of one that is done: mL/s, or mL per litre of an injector' })),
});

const Tank = Type.Object({
  tank: Type.String(),
  name: Type.String(),
  kind: Type.Union([Type.Literal('pump'), Type.Literal('injector')]),
  isAcid: Type.Boolean(),
  capacityLitres: Type.Number(),
  leftLitres: Nullable(Type.Number({ description: 'null: nobody has said when it was filled' })),
  daysLeft: Nullable(Type.Number({ description: 'at the rate of the last two weeks' })),
  filled: Nullable(Type.Object({ atMs: AtMs, litres: Type.Number(), by: Type.String() })),
  rate: Nullable(
    Type.Number({
      description: 'mL/s of a pump, mL per litre of an injector; null: not measured, so not dosed',
    }),
  ),
  calibratedAtMs: Nullable(AtMs),
  rateFactor: Type.Number({ description: 'what its level has shown of the measured rate; it is in rate' }),
  strength: Type.Number({ description: 'of what was meant to be weighed in, as EC has shown' }),
  stocktake: Nullable(
    Type.Object({
      tank: Type.String(),
      fromMs: AtMs,
      toMs: AtMs,
      bookedMillilitres: Type.Number(),
      drawnMillilitres: Type.Number({ description: 'what has left the tank for doses' }),
      ratio: Nullable(Type.Number({ description: 'drawn by booked; null: nothing was booked' })),
      rateFactor: Nullable(Type.Number()),
      doubt: Nullable(
        Type.Union([Type.Literal('too_little_drawn'), Type.Literal('too_much_drawn')], {
          description: 'nobody believes it, the books stay as they are, a person has to look',
        }),
      ),
    }),
  ),
  doubt: Nullable(Reason),
  isRunning: Type.Boolean(),
  perRunMillilitres: Type.Number(),
  perDayMillilitres: Type.Number(),
  givenTodayMillilitres: Type.Number(),
  gramsPerLitre: Amounts,
  apartFrom: List(Type.String()),
  calibration: Nullable(Calibration),
});

const Head = Type.Object({
  head: Type.String(),
  name: Type.String(),
  source: Type.String(),
  state: Type.Enum(['idle', 'dosing', 'flushing', 'waiting', 'calibrating', 'stopped', 'locked']),
  reason: Nullable(Reason),
  sinceMs: Nullable(AtMs),
  ec: Quantity,
  ph: Quantity,
  dose: Nullable(
    Type.Object({
      doseId: Type.String(),
      recipe: Type.String(),
      startedAtMs: AtMs,
      zones: List(Type.String()),
      waterLitres: Type.Number(),
      millilitres: Amounts,
      ecTarget: Nullable(Type.Number()),
      factor: Type.Number(),
    }),
  ),
  unflushedLitres: Type.Number({
    description: 'clear water that the pipes lack since the last dose, because its run was ended before',
  }),
  tanks: List(Tank),
});

const Recipe = Type.Object({
  recipe: Type.String(),
  name: Type.String(),
  mode: Type.String({ description: 'proportional, concentration, ec, quantity or kg_per_ha' }),
  head: Nullable(Type.String()),
  tanks: List(Type.String()),
  ecTarget: Nullable(Type.Number()),
  phTarget: Nullable(Type.Number()),
  places: List(
    Type.Object({
      plot: Type.String(),
      zone: Nullable(Type.String({ description: 'null: the whole plot' })),
      stages: Nullable(List(Type.String())),
    }),
  ),
});

export const FertigationAnswer = Type.Object({ heads: List(Head), recipes: List(Recipe) });
export const HeadAnswer = Type.Object({ head: Head });
export const CalibrationAnswer = Type.Object({ calibration: Calibration });
export const DosesAnswer = Type.Object({ doses: Type.Array(DoseRecord) });

const Npk = Type.Object({ N: Type.Number(), P2O5: Type.Number(), K2O: Type.Number() });
const Applied = {
  kilograms: Npk,
  kilogramsPerHectare: Npk,
  elements: Amounts,
};
export const NutrientsAnswer = Type.Object({
  plots: List(
    Type.Object({
      plot: Type.String(),
      name: Type.String(),
      areaHectares: Type.Number(),
      seasonFrom: Type.String(),
      planKilogramsPerHectare: Nullable(Type.Partial(Npk)),
      season: Type.Object(Applied, { description: 'as the levels of the tanks and EC have it' }),
      booked: Type.Object(Npk.properties, {
        description: 'kg by seconds times the rates of the pumps alone',
      }),
      stages: List(Type.Object({ stage: Nullable(Type.String()), doses: Type.Integer(), ...Applied })),
      doses: Type.Integer(),
      upperBounds: Type.Integer({
        description: 'doses that a restart has cut off, counted by the middle of what they may have been',
      }),
      indications: List(
        Type.Object({
          zone: Type.String(),
          device: Type.String(),
          metric: Type.String({ description: 'soil_nitrogen, soil_phosphorus or soil_potassium, mg/kg' }),
          value: Type.Number(),
          atMs: AtMs,
        }),
      ),
    }),
  ),
});

export const FilledBody = Type.Object(
  {
    litres: Type.Number({ minimum: 0, maximum: 100_000, description: 'that are in it now' }),
    litresBefore: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 100_000,
        description: 'that were in it before it was filled up; the same as litres: it was only looked at',
      }),
    ),
  },
  strict,
);
export const CalibrateBody = Type.Object(
  {
    seconds: Type.Integer({ minimum: 5, maximum: 120 }),
    holdsCup: Type.Literal(true, { description: 'the person stands there and holds the measuring cup' }),
  },
  strict,
);
export const MeasuredBody = Type.Object(
  {
    calibrationId: Type.String({ minLength: 1, maxLength: 64 }),
    millilitres: Type.Number({ exclusiveMinimum: 0, maximum: 20_000 }),
  },
  strict,
);
