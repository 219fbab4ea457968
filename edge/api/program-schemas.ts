import { Reason, WaterBalanceRecord } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { AtMs, Nullable } from './nullable.ts';

/** What the API answers of programs and of the soil they go by. Depths are mm, volumes litres. */
export const Program = Type.Object(
  {
    id: Type.String(),
    name: Nullable(Type.String()),
    kind: Type.String({ description: 'depletion, soil_moisture, clock or volume' }),
    nextAtMs: Nullable(
      Type.Number({
        description: "when its answer may be another one, by the farm's calendar; null: nobody knows",
      }),
    ),
    notes: Type.Array(Reason, { description: 'what could not be taken into account' }),
    pause: Nullable(
      Type.Object({
        by: Type.String(),
        untilMs: Nullable(Type.Number({ description: 'null: until a person takes it back' })),
      }),
    ),
    stopAll: Nullable(Type.Object({ by: Type.String() })),
  },
  { description: 'What waters the zone, as in docs/programs.md; null: its soil probe alone, or nothing' },
);

export const Water = Type.Object(
  {
    asOfMs: AtMs,
    depletionMm: Type.Number(),
    rawMm: Type.Number({ description: 'so much may be lacking without stress' }),
    tawMm: Type.Number({ description: 'between field capacity and wilting point' }),
    availableWater: Type.Number({ description: '0 at wilting point, 1 at field capacity' }),
    stage: Type.String({ description: 'initial, development, mid, late, or that of a perennial' }),
    kc: Type.Number(),
    et0Mm: Type.Number({ description: 'so far today' }),
    isAssumed: Type.Boolean({ description: 'the soil was taken for dry when the reckoning began' }),
    disagreement: Nullable(Reason),
    lastDay: Nullable(
      Type.Object({
        date: Type.String(),
        et0Mm: Type.Number(),
        et0Method: Type.String(),
        et0Reasons: Type.Array(Reason),
        etcMm: Type.Number(),
        rainMm: Nullable(Type.Number({ description: 'null: no gauge spoke' })),
        measuredLitres: Type.Number(),
        unprovenLitres: Type.Number({ description: 'planned, without a meter that saw them' }),
        percolationMm: Type.Number(),
        ks: Type.Number({ description: 'below 1: the crop was short of water' }),
      }),
    ),
  },
  {
    description:
      'The root zone by the crop-water model, mm, as in docs/crop-water.md; null: nothing is known',
  },
);

export const ProgramsAnswer = Type.Object({
  stopAll: Nullable(
    Type.Object({ by: Type.String() }, { description: 'all programs wait until a person takes it back' }),
  ),
  forecast: Nullable(
    Type.Object({
      source: Type.String(),
      readAtMs: Nullable(AtMs),
      problem: Nullable(Type.String({ description: 'why the last attempt brought nothing' })),
    }),
  ),
  zones: Type.Array(Type.Object({ zone: Type.String(), program: Program })),
});
export const HeldAnswer = Type.Object({
  durable: Type.Boolean({
    description: 'false: it is in force, and journaled as soon as the journal can write',
  }),
  untilMs: Nullable(AtMs),
});
export const ProgramsStoppedAnswer = Type.Object({
  durable: Type.Boolean({
    description: 'false: it is in force, and journaled as soon as the journal can write',
  }),
  stopping: Type.Array(Type.String(), { description: 'zones that were open and have been told to close' }),
});
export const SoilSetAnswer = Type.Object({ now: Nullable(Water) });
export const ZoneWaterAnswer = Type.Object({
  now: Nullable(Water),
  days: Type.Array(WaterBalanceRecord, { description: 'those that are over, the newest first' }),
});
