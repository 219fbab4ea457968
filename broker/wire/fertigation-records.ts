import { type Static, Type } from 'typebox';
import { Reason } from './reason.ts';

/** Records of fertigation: what was dosed and may have been, how much pumps give, what tanks hold, and what people have stopped. */

const AtMs = Type.Integer();
const Person = {
  /** Account, and its name then. */
  recordedBy: Type.String(),
  recordedByName: Type.String(),
};
/** Grams of each element in a litre of stock, as it was stated when this was written: N, P, K, Ca, Mg, S … */
const GramsPerLitre = Type.Record(Type.String(), Type.Number());

/** A zone that gets a dose. */
const DosedZone = Type.Object({
  zone: Type.String(),
  plot: Type.String(),
  runId: Type.String(),
  /** Area that the dose is spread over. */
  hectares: Type.Number(),
  /** Of its crop: initial, development, mid, late …; null: nobody has said what grows there. */
  stage: Type.Union([Type.String(), Type.Null()]),
  /** Of the dose, 0 to 1; all zones' shares make 1. */
  share: Type.Number(),
  /** Water that it got while it was dosed. */
  litres: Type.Number(),
});

const dosedTank = {
  tank: Type.String(),
  /** Where it is a bound: no more than that. */
  millilitres: Type.Number(),
  /** Where it is a bound: what had been given when more was allowed; ledgers take the middle, limits take all. */
  leastMillilitres: Type.Optional(Type.Number()),
  /** Of its pump's calibrated rate, by which the mL were reckoned, because the tank's level has shown it. Absent: 1. */
  rateFactor: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  gramsPerLitre: GramsPerLitre,
  /** Which filling it came from; null: nobody has said when it was filled. */
  fillId: Type.Union([Type.String(), Type.Null()]),
};

/** Durable before anything of it is given, in growing parts: what a restart takes for given. */
export const DoseAllowanceRecord = Type.Object({
  kind: Type.Literal('dose_allowance'),
  atMs: AtMs,
  doseId: Type.String(),
  head: Type.String(),
  recipe: Type.String(),
  startedAtMs: AtMs,
  zones: Type.Array(DosedZone),
  tanks: Type.Array(Type.Object(dosedTank)),
});
export type DoseAllowanceRecord = Static<typeof DoseAllowanceRecord>;

export const DoseRecord = Type.Object({
  kind: Type.Literal('dose'),
  doseId: Type.String(),
  head: Type.String(),
  recipe: Type.String(),
  startedAtMs: AtMs,
  endedAtMs: AtMs,
  zones: Type.Array(DosedZone),
  tanks: Type.Array(
    Type.Object({
      ...dosedTank,
      /** In it afterwards; null: nobody has said what was in it before. */
      leftMillilitres: Type.Union([Type.Number(), Type.Null()]),
    }),
  ),
  /** That passed while it was dosed. */
  waterLitres: Type.Number(),
  /** Means of what the probes saw; null: they said nothing. */
  ec: Type.Union([Type.Number(), Type.Null()]),
  ph: Type.Union([Type.Number(), Type.Null()]),
  /** Why it was over. */
  why: Reason,
  /** A restart cut it off: it is the most that can have been given. */
  isUpperBound: Type.Boolean(),
  /** For the next dose of its recipe: what the stocks add to EC of what the recipe says (null: not seen), and mL/m³ of acid. */
  learnt: Type.Object({ strength: Type.Union([Type.Number(), Type.Null()]), acid: Type.Number() }),
});
export type DoseRecord = Static<typeof DoseRecord>;

/** What a tank's pump gives, or its injector draws: measured by a person with a cup. */
export const DoseCalibrationRecord = Type.Object({
  kind: Type.Literal('dose_calibration'),
  atMs: AtMs,
  head: Type.String(),
  tank: Type.String(),
  /** Canonical JSON of how the pump is reached: the figure counts for it alone. */
  address: Type.String(),
  millilitresPerSecond: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
  /** Of an injector, in place of the other. */
  millilitresPerLitre: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
  runs: Type.Array(
    Type.Object({ seconds: Type.Number(), millilitres: Type.Number(), waterLitres: Type.Number() }),
  ),
  ...Person,
});
export type DoseCalibrationRecord = Static<typeof DoseCalibrationRecord>;

/** A person has filled a tank, or has looked what is in it. */
export const TankFillRecord = Type.Object({
  kind: Type.Literal('tank_fill'),
  atMs: AtMs,
  fillId: Type.String(),
  head: Type.String(),
  tank: Type.String(),
  /** That are in it now. */
  litres: Type.Number({ minimum: 0 }),
  /** That were in it before; the same as `litres`: it was only looked at. Absent: nobody has looked. */
  litresBefore: Type.Optional(Type.Number({ minimum: 0 })),
  /** What it holds when it is full. Absent where `litresBefore` is. */
  capacityLitres: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  /** Of the dose under way: what was booked of this tank by then, mL. Absent: no dose was under way. */
  underWayMillilitres: Type.Optional(Type.Number({ minimum: 0 })),
  gramsPerLitre: GramsPerLitre,
  ...Person,
});
export type TankFillRecord = Static<typeof TankFillRecord>;

/** How a head stands from here on: stopped by a person or not, locked or not. */
export const DoseStandingRecord = Type.Object({
  kind: Type.Literal('dose_standing'),
  atMs: AtMs,
  head: Type.String(),
  isHeld: Type.Boolean(),
  lock: Type.Union([Reason, Type.Null()]),
  change: Type.Union([
    Type.Literal('stopped'),
    Type.Literal('resumed'),
    Type.Literal('locked'),
    Type.Literal('unlocked'),
  ]),
  /** Name of the account; null: the gateway itself. */
  by: Type.Union([Type.String(), Type.Null()]),
});
export type DoseStandingRecord = Static<typeof DoseStandingRecord>;
