import { isMetricName, metrics } from '@nongtin/broker/wire';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { shapeProblems } from '../shape.ts';

/** Conditions of the farm's own, and what supplies its devices with power, as they stand in farm.json. */
const closed = { additionalProperties: false } as const;
const Name = Type.String({ minLength: 1, maxLength: 80 });
const Identity = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const DeviceName = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$' });
/** A day. */
const Delay = Type.Integer({ minimum: 0, maximum: 86_400 });

export const AlarmCondition = Type.Object(
  {
    id: Identity,
    metric: Type.String(),
    /** Whose readings are judged: one device's, or those of all devices of a zone or a plot, each by itself. */
    device: Type.Optional(DeviceName),
    zone: Type.Optional(Identity),
    plot: Type.Optional(Identity),
    /** Absent: each channel by itself. */
    channel: Type.Optional(Type.String({ maxLength: 64 })),
    comparison: Type.Union([Type.Literal('above'), Type.Literal('below')]),
    /** In the metric's unit. */
    limit: Type.Number(),
    /** By how much a reading has to be back before it is over; absent: 0. */
    deadBand: Type.Optional(Type.Number({ minimum: 0 })),
    /** How long it has to be so before it counts, and to be over before that does; absent: 0. */
    onDelaySeconds: Type.Optional(Delay),
    offDelaySeconds: Type.Optional(Delay),
    priority: Type.Union([Type.Literal('critical'), Type.Literal('high'), Type.Literal('low')]),
    /** A person has to reset it when it is over. */
    latching: Type.Optional(Type.Boolean()),
    /** What people are told of it. */
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  closed,
);
export type AlarmCondition = Static<typeof AlarmCondition>;

/** A battery, a charger, a mains socket: when it fails, all that it feeds is silent. */
export const PowerSupply = Type.Object(
  {
    id: Identity,
    name: Name,
    /** Devices, or bridges with all that is behind them. */
    devices: Type.Array(DeviceName, { minItems: 1, maxItems: 500 }),
  },
  closed,
);
export type PowerSupply = Static<typeof PowerSupply>;

const conditionShape = Compile(AlarmCondition);
const supplyShape = Compile(PowerSupply);

/** What is wrong with a condition, field by field; `at`: where it stands. */
export function conditionProblems(value: unknown, at: string): string[] {
  if (!conditionShape.Check(value)) return shapeProblems(conditionShape.Errors(value), at);
  const { metric, limit, deadBand = 0, device, zone, plot, channel } = value;
  const named = [device, zone, plot].filter((name) => name !== undefined);
  const problems: string[] = [];
  if (named.length !== 1)
    problems.push(
      `${at} must name one of device, zone and plot: whose readings it is about, it names ${named.length}`,
    );
  if (!isMetricName(metric))
    return [
      ...problems,
      `${at}.metric '${metric}' is not known: take one of ${Object.keys(metrics).join(', ')}`,
    ];
  if (metric === 'raw' && (device === undefined || channel === undefined))
    problems.push(
      `${at}.metric raw is a field that nobody has mapped: name its device and channel too, or map it`,
    );
  const { min, max, unit } = metrics[metric];
  if (limit < min || limit > max)
    problems.push(`${at}.limit ${limit} is outside of what ${metric} can be (${min} to ${max} ${unit})`);
  if (deadBand >= max - min)
    problems.push(`${at}.deadBand ${deadBand} is wider than all of ${metric}: make it smaller`);
  return problems;
}

export function supplyProblems(value: unknown, at: string): string[] {
  return supplyShape.Check(value) ? [] : shapeProblems(supplyShape.Errors(value), at);
}

interface Alarmed {
  readonly plots: readonly { readonly id: string; readonly zones: readonly { readonly id: string }[] }[];
  readonly alarms?: readonly AlarmCondition[];
  readonly supplies?: readonly PowerSupply[];
}

/**
 * What contradicts itself, or the farm, in conditions and supplies whose shape is sound. A device that nobody has placed is none of it:
 * one that is never heard is missed after a day.
 */
export function alarmContradictions({ plots, alarms = [], supplies = [] }: Alarmed): string[] {
  const zones = new Set(plots.flatMap((plot) => plot.zones.map(({ id }) => id)));
  const unknown = alarms.flatMap(({ zone, plot }, c) => [
    ...(zone === undefined || zones.has(zone)
      ? []
      : [`alarms[${c}].zone '${zone}' is no zone of the farm: remove this alarm, or name another zone`]),
    ...(plot === undefined || plots.some(({ id }) => id === plot)
      ? []
      : [`alarms[${c}].plot '${plot}' is no plot of the farm: remove this alarm, or name another plot`]),
  ]);
  const twice = (name: string, ids: readonly string[]) =>
    ids.flatMap((id, n) =>
      ids.indexOf(id) < n ? [`${name}[${n}].id '${id}' is there twice, rename one`] : [],
    );
  return [
    ...twice(
      'alarms',
      alarms.map(({ id }) => id),
    ),
    ...twice(
      'supplies',
      supplies.map(({ id }) => id),
    ),
    ...unknown,
  ];
}
