import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { actuatorOf, type Valve } from '../actuators/index.ts';
import { partValve, relayProblems } from '../irrigation/sources/schema.ts';
import { shapeProblems } from '../shape.ts';
import { precipitate } from './compatibility.ts';
import { type Amounts, type Label, massFractions, sumOf, times } from './nutrients.ts';
import { probeNameProblems } from './probe-names.ts';
import { stockGramsPerLitre } from './stock.ts';

/**
 * Dosing heads as they stand in farm.json: tanks with what is in them, pumps or injectors, and the probes behind them. EC is mS/cm
 * at 25 °C; water is litres, stock mL.
 */
const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 80 });
export const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const DeviceName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$' });
const Litres = Type.Number({ minimum: 0, maximum: 100_000 });

const nutrients = [
  ...['N', 'P', 'K', 'Ca', 'Mg', 'S', 'Fe', 'Mn', 'Zn', 'Cu', 'B', 'Mo'],
  ...['P2O5', 'K2O', 'CaO', 'MgO'],
] as const;
const amountsUpTo = (maximum: number) =>
  Type.Object(
    Object.fromEntries(nutrients.map((name) => [name, Type.Optional(Type.Number({ minimum: 0, maximum }))])),
    closed,
  );

/** A fertilizer as it is weighed into the tank. */
const Fertilizer = Type.Object(
  {
    name: Type.Optional(Name),
    /** Percent of mass, as the bag says: elements, or P2O5, K2O, CaO and MgO. */
    label: amountsUpTo(100),
    gramsPerLitre: Type.Number({ exclusiveMinimum: 0, maximum: 1_500 }),
  },
  closed,
);

const Pump = Type.Object(
  {
    /** Its relay, an address like that of a source's pump. Checked by relayProblems(). */
    valve: Type.Unsafe<Valve>({}),
    /** One pulse: whole seconds, 1 and 5 unless they are stated. */
    minPulseSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
    maxPulseSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
  },
  closed,
);

const Tank = Type.Object(
  {
    id: Identity,
    name: Name,
    capacityLitres: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    /** What is in a litre of it: as it was weighed in … */
    fertilizers: Type.Optional(Type.Array(Fertilizer, { minItems: 1, maxItems: 16 })),
    /** … or as its maker says, g/L. An acid needs neither. */
    gramsPerLitre: Type.Optional(amountsUpTo(1_500)),
    isAcid: Type.Optional(Type.Boolean()),
    /** Tanks that it must not meet undiluted, beyond what follows from what they hold. */
    apartFrom: Type.Optional(Type.Array(Identity, { maxItems: 16 })),
    perRunMillilitres: Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 }),
    perDayMillilitres: Type.Number({ exclusiveMinimum: 0, maximum: 10_000_000 }),
    pump: Type.Optional(Pump),
    /** A venturi or proportional injector, by the valve of its suction line. */
    injector: Type.Optional(Pump),
  },
  closed,
);
export type Tank = Static<typeof Tank>;

/** Its metric and unit are checked by probeNameProblems(). */
const Gauge = Type.Object(
  {
    device: DeviceName,
    channel: Type.Optional(Type.String({ maxLength: 64 })),
    metric: Type.Optional(Type.String({ maxLength: 64 })),
    unit: Type.Optional(Type.String({ maxLength: 32 })),
  },
  closed,
);
const probes = (most: number) =>
  Type.Object(
    {
      probes: Type.Array(Gauge, { minItems: 1, maxItems: 2 }),
      /** Outside of it nothing is dosed. */
      min: Type.Optional(Type.Number({ minimum: 0, maximum: most })),
      max: Type.Optional(Type.Number({ minimum: 0, maximum: most })),
      /** By so much two may differ; 0.3 unless it is stated. */
      tolerance: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 2 })),
      /** An older word is none; 60 unless it is stated. */
      maxAgeSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 300 })),
    },
    closed,
  );

export const Head = Type.Object(
  {
    id: Identity,
    name: Name,
    /** The source of water that it doses into: one of `sources`. */
    source: Identity,
    tanks: Type.Array(Tank, { minItems: 1, maxItems: 8 }),
    /** Behind where it is mixed. */
    ec: probes(20),
    ph: probes(14),
    /** EC of the clear water, where it is known: no target may lie below it. */
    sourceEc: Type.Optional(Type.Number({ minimum: 0, maximum: 10 })),
    /** Clear water before the first dose and after the last one: what the pipes hold. */
    preFlushLitres: Litres,
    postFlushLitres: Litres,
    /** Water between where it is injected and where the probes see it mixed. */
    mixingLitres: Litres,
    /** How long the probes themselves take; 5 unless it is stated. */
    probeSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 120 })),
    /** Water between pulses of tanks that precipitate together; 0: they meet in a mixing chamber. */
    separationLitres: Type.Optional(Litres),
    limits: Type.Optional(
      Type.Object(
        {
          /** A pump's word may take so long; 5 unless it is stated. */
          answerSeconds: Type.Optional(Type.Integer({ minimum: 2, maximum: 15 })),
          /** A flow that was not heard of for so long proves nothing; 60 unless it is stated. */
          flowAgeSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 300 })),
          /** A doubt may last so long before people are told; 60 unless it is stated. */
          doubtSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 600 })),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type Head = Static<typeof Head>;

export const usualProbes = {
  ec: { min: 0.05, max: 4, tolerance: 0.3 },
  ph: { min: 4.5, max: 8.5, tolerance: 0.3 },
} as const;
export const usualPulses = { minPulseSeconds: 1, maxPulseSeconds: 5 } as const;

const validator = Compile(Head);

/** Slower than this nobody can stop a dose in time. */
const SLOWEST_ANSWER_SECONDS = 15;

/** Grams of each element in a litre of a tank's stock. */
export function contentOf({
  fertilizers,
  gramsPerLitre,
}: Pick<Tank, 'fertilizers' | 'gramsPerLitre'>): Amounts {
  const weighed = stockGramsPerLitre(fertilizers ?? []);
  // A maker's grams a litre are read like percents of a label: 100 g/L of P2O5 are 43.6 g/L of P.
  return gramsPerLitre ? sumOf([weighed, times(massFractions(gramsPerLitre as Label), 100)]) : weighed;
}

/** What moves a tank's stock: its pump's relay, or the valve of its injector's suction line. */
export function dosingPart({ pump, injector }: Tank): Static<typeof Pump> {
  const part = pump ?? injector;
  if (part === undefined) throw new TypeError('a tank has a pump or an injector');
  return part;
}

/**
 * What is wrong with a head by itself, field by field with the remedy; `at` names it. Empty when nothing is. Whether it fits the
 * farm is for fertigationContradictions() to say.
 */
export function headProblems(value: unknown, at: string): string[] {
  const relays = listIn(value, 'tanks').flatMap((tank, t) =>
    (['pump', 'injector'] as const).flatMap((part) => {
      const given = fieldOf(tank, part);
      const relay = fieldOf(given, 'valve');
      if (given === undefined) return [];
      const field = `${at}.tanks[${t}].${part}.valve`;
      return relay === undefined ? [] : relayProblems(relay, field, SLOWEST_ANSWER_SECONDS);
    }),
  );
  if (!validator.Check(value) || relays.length > 0)
    return [...shapeProblems(validator.Errors(value), at), ...relays];
  return [
    ...value.tanks.flatMap((tank, t) => tankProblems(tank, `${at}.tanks[${t}]`)),
    ...strangers(value, at),
    ...(['ec', 'ph'] as const).flatMap((quantity) => probeProblems(value, quantity, `${at}.${quantity}`)),
  ];
}

function tankProblems(tank: Tank, at: string): string[] {
  const problems: string[] = [];
  const { pump, injector, perRunMillilitres: run, perDayMillilitres: day, capacityLitres } = tank;
  if ((pump === undefined) === (injector === undefined))
    return [`${at} needs either pump or injector: say what moves its stock, by its relay`];
  const part = dosingPart(tank);
  const field = `${at}.${pump ? 'pump' : 'injector'}`;
  const stepSeconds = actuatorOf(partValve(part)).cutOffSeconds(1);
  if (stepSeconds > 1)
    problems.push(
      `${field}.valve can stop by itself only after whole steps of ${stepSeconds} s: use a relay that counts seconds`,
    );
  const { minPulseSeconds: min, maxPulseSeconds: max } = { ...usualPulses, ...part };
  if (min > max) problems.push(`${field}.minPulseSeconds must not be above maxPulseSeconds (${max})`);
  if (run > day)
    problems.push(`${at}.perRunMillilitres must not be above perDayMillilitres (${day}): lower it`);
  if (run > capacityLitres * 1000)
    problems.push(`${at}.perRunMillilitres must not be above what the tank holds (${capacityLitres} L)`);
  (tank.fertilizers ?? []).forEach(({ label }, f) => {
    const percent = Object.values(label).reduce((sum: number, one) => sum + Number(one), 0);
    if (percent > 100)
      problems.push(
        `${at}.fertilizers[${f}].label adds up to ${percent} %: give percents of mass, as on the bag`,
      );
    if (percent === 0) problems.push(`${at}.fertilizers[${f}].label says nothing: give what is on the bag`);
  });
  const content = contentOf(tank);
  if (Object.keys(content).length === 0 && tank.isAcid !== true)
    problems.push(
      `${at} lacks fertilizers or gramsPerLitre, without which nobody knows what it gives: add one`,
    );
  const salt = precipitate(content, content);
  if (salt !== null)
    problems.push(
      `${at} holds calcium and ${salt} in one tank, which precipitate and block the drippers: put the calcium into a tank of its own`,
    );
  return problems;
}

/** Tanks that others are to be kept apart from, and that are none; and tanks of one name. */
function strangers({ tanks }: Head, at: string): string[] {
  const ids = tanks.map(({ id }) => id);
  return tanks.flatMap(({ apartFrom = [], id }, t) =>
    apartFrom
      .filter((other) => !ids.includes(other) || other === id)
      .map((other) => `${at}.tanks[${t}].apartFrom names '${other}', which is no other tank of this head`),
  );
}

function probeProblems(head: Head, quantity: 'ec' | 'ph', at: string): string[] {
  const problems = head[quantity].probes.flatMap((probe, n) =>
    probeNameProblems(probe, quantity, `${at}.probes[${n}]`),
  );
  const { min, max } = { ...usualProbes[quantity], ...head[quantity] };
  if (min >= max) problems.push(`${at}.min must be below max (${max})`);
  const [first, second] = head[quantity].probes;
  if (second && first && isSameProbe(first, second))
    problems.push(`${at}.probes[1] is the same probe as the first: name another one, or keep one`);
  return problems;
}

type Probe = Head['ec']['probes'][number];
const isSameProbe = (one: Probe, other: Probe) =>
  one.device === other.device && one.channel === other.channel && one.metric === other.metric;

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function listIn(value: unknown, key: string): unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}
