import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { actuatorOf, type Valve, valveProblems } from '../../actuators/index.ts';
import { shapeProblems } from '../../shape.ts';
import type { PartName } from './state.ts';

/**
 * Where zones take their water from, as it stands in farm.json: a pump, a master valve, how much they give, and what says that
 * there is water. Pressures are kPa, levels percent, flows litres a minute.
 */
const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 80 });
const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const DeviceName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$' });
const Seconds = Type.Integer({ minimum: 0, maximum: 600 });
const Percent = Type.Number({ minimum: 0, maximum: 100 });
const Pressure = Type.Number({ minimum: 0, maximum: 2_500 });

/** A valve that serves several zones; its address is one that a zone's valve could have. Checked by valveProblems(). */
const MasterValve = Type.Object({ valve: Type.Unsafe<Valve>({}) }, closed);

/** A relay that starts so long after valve and master valve are open, and before they close has stopped for so long. */
const Pump = Type.Object(
  {
    /** Checked by valveProblems(). */
    valve: Type.Unsafe<Valve>({}),
    leadSeconds: Type.Optional(Seconds),
    /** Pressure falls. */
    lagSeconds: Type.Optional(Seconds),
  },
  closed,
);

const PressureGauge = Type.Object(
  { device: DeviceName, channel: Type.Optional(Type.String({ maxLength: 64 })) },
  closed,
);

export const Source = Type.Object(
  {
    id: Identity,
    name: Name,
    pump: Type.Optional(Pump),
    masterValve: Type.Optional(MasterValve),
    /** What it gives: zones whose nominal flows sum up to more are never watered together. */
    maxFlowLitresPerMinute: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }),
    /** `water_pressure` while water is delivered; out of it everything stops until a person has looked. */
    pressure: Type.Optional(
      Type.Object(
        {
          device: DeviceName,
          channel: Type.Optional(Type.String({ maxLength: 64 })),
          minKilopascals: Pressure,
          maxKilopascals: Pressure,
        },
        closed,
      ),
    ),
    /** `tank_level`: at `stopPercent` the pump stops, from `resumePercent` on it may start again. */
    tank: Type.Optional(
      Type.Object(
        {
          device: DeviceName,
          channel: Type.Optional(Type.String({ maxLength: 64 })),
          stopPercent: Percent,
          resumePercent: Percent,
          /** An older level is none; 900 unless it is stated. */
          maxAgeSeconds: Type.Optional(Type.Integer({ minimum: 30, maximum: 86_400 })),
          /** How often in 24 hours it may run dry before a person has to look; 3 unless it is stated. */
          dryStopsADay: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
        },
        closed,
      ),
    ),
    /** Flushed while water is delivered, by litres or by the pressure that it takes, or both. */
    filter: Type.Optional(
      Type.Object(
        {
          /** What lets the dirt out. Checked by valveProblems(). */
          valve: Type.Unsafe<Valve>({}),
          /** That the zones behind it have been given since the last flush. */
          everyLitres: Type.Optional(Type.Number({ minimum: 100, maximum: 10_000_000 })),
          /** `water_pressure` on both sides of it. */
          difference: Type.Optional(
            Type.Object(
              {
                before: PressureGauge,
                after: PressureGauge,
                maxKilopascals: Type.Number({ minimum: 5, maximum: 500 }),
              },
              closed,
            ),
          ),
          /** 60 unless it is stated. */
          flushSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 300 })),
          /** From the end of one flush to the next; 30 unless it is stated. */
          minMinutes: Type.Optional(Type.Integer({ minimum: 5, maximum: 10_080 })),
          /** How many flushes in a row may fail to bring the difference down before the alarm; 3 unless it is stated. */
          tries: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })),
        },
        closed,
      ),
    ),
    /** Between two openings: pumps draw many times their current when they start, and water hammers. 5 unless it is stated. */
    gapSeconds: Type.Optional(Seconds),
    /** Zones that may be watered together, such as those of one height; absent: any may. A zone in no list is watered alone. */
    together: Type.Optional(
      Type.Array(Type.Array(Identity, { minItems: 1, maxItems: 64 }), { maxItems: 64 }),
    ),
  },
  closed,
);
export type Source = Static<typeof Source>;
export type SourcePart = Static<typeof Pump>;

/** What it is reached by; nobody asks a pump for its litres. */
export function partValve({ valve }: Pick<SourcePart, 'valve'>): Valve {
  return typeof valve === 'string' || 'flowMeter' in valve
    ? valve
    : Object.assign({}, valve as Valve & object, { flowMeter: null });
}

const validator = Compile(Source);

/** Slower than this nobody can stop a pump in time. */
const SLOWEST_ANSWER_SECONDS = 60;

/**
 * What is wrong with a source by itself, field by field with the remedy; `at` names it. Empty when nothing is. Whether it fits
 * the zones is for sourceContradictions() to say.
 */
export function sourceProblems(value: unknown, at: string): string[] {
  const parts = (['pump', 'masterValve'] as const).flatMap((part) => {
    const given: unknown = isObject(value) ? value[part] : undefined;
    return isObject(given) && 'valve' in given ? relayProblems(given.valve, `${at}.${part}.valve`) : [];
  });
  const filtered: unknown = isObject(value) ? value.filter : undefined;
  if (isObject(filtered) && 'valve' in filtered)
    parts.push(...relayProblems(filtered.valve, `${at}.filter.valve`));
  if (!validator.Check(value) || parts.length > 0)
    return [...shapeProblems(validator.Errors(value), at), ...parts];
  const problems: string[] = [];
  const { pump, pressure, tank, filter } = value;
  const pumpStepSeconds = pump ? actuatorOf(partValve(pump)).cutOffSeconds(1) : 1;
  if (pumpStepSeconds > 1)
    problems.push(
      `${at}.pump.valve can stop by itself only after whole steps of ${pumpStepSeconds} s, so it could run on against closed valves when nobody stops it: use a relay that counts seconds`,
    );
  if (filter && filter.everyLitres === undefined && filter.difference === undefined)
    problems.push(
      `${at}.filter needs everyLitres or difference, or it would never be flushed: add one of them`,
    );
  const { before, after } = filter?.difference ?? {};
  if (before && after && before.device === after.device && before.channel === after.channel)
    problems.push(
      `${at}.filter.difference.after is the same gauge as before: name the one behind the filter`,
    );
  if (pressure && pressure.minKilopascals >= pressure.maxKilopascals)
    problems.push(`${at}.pressure.minKilopascals must be below maxKilopascals (${pressure.maxKilopascals})`);
  if (tank && tank.stopPercent >= tank.resumePercent)
    problems.push(
      `${at}.tank.stopPercent must be below resumePercent (${tank.resumePercent}), or the pump would start and stop all the time`,
    );
  return problems;
}

/** What is wrong with a pump's relay: it has to stop when it is told to, and by itself when nobody tells it any more. */
export function relayProblems(
  valve: unknown,
  at: string,
  slowestAnswerSeconds: number = SLOWEST_ANSWER_SECONDS,
): string[] {
  if (typeof valve === 'string')
    return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(valve) ? [] : [`${at} must be the identity of a device`];
  if (!isObject(valve))
    return [`${at} must be the identity of a device of ours, or an object with its family`];
  // Nobody asks a pump for its litres.
  const address = 'flowMeter' in valve ? valve : { ...valve, flowMeter: null };
  const problems = valveProblems(address, at, undefined);
  if (problems.length > 0) return problems;
  const { family } = valve;
  if (family === 'esphome')
    return [
      `${at} is a node of ESPHome, which takes no duration: it could not be told to stop before the valves behind it close; use another family`,
    ];
  if (family === 'chirpstack' || family === 'things-stack')
    return [
      `${at} is a node of LoRaWAN, which hears us only after it has spoken: what serves several zones could not be stopped in time; use a relay that listens all the time`,
    ];
  const answer = Number(valve.answerSeconds ?? actuatorOf(address as Valve).answerSeconds ?? 0);
  return answer > slowestAnswerSeconds
    ? [
        `${at} may take ${answer} s to answer: what serves several zones must answer within ${slowestAnswerSeconds} s`,
      ]
    : [];
}

/** Of a zone, what matters to its source. */
export interface SuppliedZone {
  readonly id: string;
  readonly source?: string | undefined;
  readonly valve?: Valve | undefined;
  readonly nominalFlowLitresPerMinute?: number | undefined;
  readonly maxRunSeconds: number;
  readonly leaseSeconds?: number | undefined;
}

/** Below this a pump would hardly have started when it has to stop. */
const SHORTEST_PUMPED_SECONDS = 120;
/** Of these it should give water for so long; its words may be late by so much. */
const WORTH_SECONDS = 60;
const LATE_SECONDS = 15;
/** Unless it is stated. */
export const USUAL_LEAD_SECONDS = 3;
export const USUAL_LAG_SECONDS = 3;

/** What a source switches, by its part; pumps first. */
export function partsOf({ pump, masterValve, filter }: Source): [PartName, Valve][] {
  const given = { pump, masterValve, flushValve: filter };
  return (Object.entries(given) as [PartName, typeof pump | typeof filter][]).flatMap(([name, part]) =>
    part === undefined ? [] : [[name, partValve(part)]],
  );
}

/** What does not fit together of the farm's sources and zones; `field` names a zone. */
export function sourceContradictions(
  sources: readonly Source[],
  zones: readonly { readonly zone: SuppliedZone; readonly field: string }[],
): string[] {
  const problems: string[] = [];
  const byId = new Map(sources.map((source) => [source.id, source]));
  for (const { zone, field } of zones) {
    if (byId.has(zone.id)) problems.push(`${field}.id is also that of a source: rename one`);
    if (zone.source === undefined) continue;
    const source = byId.get(zone.source);
    if (source === undefined) {
      problems.push(
        `${field}.source names '${zone.source}', which is none of sources: add it or correct the name`,
      );
      continue;
    }
    const { nominalFlowLitresPerMinute: flow = 0 } = zone;
    if (flow > source.maxFlowLitresPerMinute)
      problems.push(
        `${field}.nominalFlowLitresPerMinute (${flow}) is more than its source gives (${source.maxFlowLitresPerMinute}): it would never be watered`,
      );
    problems.push(...hardlyPumped(source, zone, field));
    if (source.pump && isSlow(zone.valve))
      problems.push(
        `${field}.valve answers too slowly to stand behind a pump, which must stop before it closes: use a valve that listens all the time`,
      );
  }
  sources.forEach(({ id, together = [] }, s) => {
    const own = new Set(zones.filter(({ zone }) => zone.source === id).map(({ zone }) => zone.id));
    for (const name of new Set(together.flat().filter((known) => !own.has(known))))
      problems.push(`sources[${s}].together names '${name}', which takes no water from '${id}': correct it`);
  });
  return problems;
}

/** Behind a pump, which starts after the valve has opened and stops before it closes: what would leave it no time to run. */
function hardlyPumped(source: Source, zone: SuppliedZone, field: string): string[] {
  const { pump } = source;
  if (pump === undefined) return [];
  const { leadSeconds = USUAL_LEAD_SECONDS, lagSeconds = USUAL_LAG_SECONDS } = pump;
  const leastSeconds = Math.max(
    SHORTEST_PUMPED_SECONDS,
    leadSeconds + lagSeconds + LATE_SECONDS + WORTH_SECONDS,
  );
  const problems = (['maxRunSeconds', 'leaseSeconds'] as const).flatMap((limit) => {
    const seconds = zone[limit];
    return seconds === undefined || seconds >= leastSeconds
      ? []
      : `${field}.${limit} must be at least ${leastSeconds} behind the pump of '${source.id}', which starts after the valve and stops before it (leadSeconds, lagSeconds)`;
  });
  const { isRearmed, longestSeconds } = actuatorOf(partValve(pump));
  if (!isRearmed && zone.maxRunSeconds > longestSeconds)
    problems.push(
      `${field}.maxRunSeconds must be at most ${longestSeconds}: the pump of '${source.id}' stops by itself after that, and cannot be told to go on`,
    );
  return problems;
}

function isSlow(valve: Valve | undefined): boolean {
  if (valve === undefined || typeof valve === 'string') return false;
  return (valve.answerSeconds ?? actuatorOf(valve).answerSeconds ?? 0) > SLOWEST_ANSWER_SECONDS;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
