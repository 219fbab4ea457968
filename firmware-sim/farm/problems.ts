import { Compile } from 'typebox/compile';
import { families } from '../families/index.ts';
import { climateNames } from '../field/climates.ts';
import { shapeProblems } from './shape.ts';
import {
  type DeviceKind,
  type DeviceSpec,
  deviceSchemas,
  FarmSpec,
  isOutput,
  type OutputSpec,
} from './spec.ts';

const validator = Compile(FarmSpec);
const deviceValidators = Object.fromEntries(
  Object.entries(deviceSchemas).map(([kind, schema]) => [kind, Compile(schema)]),
);

/** What is wrong with a farm, field by field with the remedy; `at` names it. Empty when it can be built. */
export function farmProblems(value: unknown, at = 'farm'): string[] {
  if (!validator.Check(value)) return shapeProblems(validator.Errors(value), at);
  const devices = value.devices.flatMap((device, index) => deviceProblems(device, `${at}.devices[${index}]`));
  if (devices.length > 0) return devices;
  const farm = value as unknown as FarmSpec;
  return [
    ...(climateNames.some((name) => name === farm.climate)
      ? []
      : [`${at}.climate must be one of ${climateNames.join(', ')}, not '${farm.climate}'`]),
    ...repeated(
      farm.sources.map(({ id }) => id),
      `${at}.sources`,
    ),
    ...repeated(
      farm.zones.map(({ id }) => id),
      `${at}.zones`,
    ),
    ...repeated(
      farm.devices.map(({ id }) => id),
      `${at}.devices`,
    ),
    ...farm.sources.flatMap((source, index) => sourceProblems(source, `${at}.sources[${index}]`)),
    ...farm.zones.flatMap((zone, index) => zoneProblems(zone, farm, `${at}.zones[${index}]`)),
    ...repeated(
      (farm.heads ?? []).map(({ id }) => id),
      `${at}.heads`,
    ),
    ...(farm.heads ?? []).flatMap((head, index) => headProblems(head, farm, `${at}.heads[${index}]`)),
    ...farm.devices.flatMap((device, index) => placeProblems(device, farm, `${at}.devices[${index}]`)),
    ...doubleDriven(farm, at),
    ...mixedBoxes(farm, at),
  ];
}

function deviceProblems(device: { kind: string }, at: string): string[] {
  const found = Object.hasOwn(deviceValidators, device.kind) ? deviceValidators[device.kind] : undefined;
  if (found === undefined)
    return [`${at}.kind must be one of ${Object.keys(deviceSchemas).join(', ')}, not '${device.kind}'`];
  if (!found.Check(device)) return shapeProblems(found.Errors(device), at);
  const spec = device as DeviceSpec;
  if (!isOutput(spec)) return [];
  const name = spec.family ?? 'nongtin';
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (family === undefined)
    return [`${at}.family must be one of ${Object.keys(families).join(', ')}, not '${name}'`];
  const settings = Compile(family.settings);
  const given = spec.settings ?? {};
  return settings.Check(given) ? [] : shapeProblems(settings.Errors(given), `${at}.settings`);
}

function repeated(ids: readonly string[], at: string): string[] {
  return ids.flatMap((id, index) =>
    ids.indexOf(id) < index ? [`${at}[${index}].id '${id}' is taken already, choose another one`] : [],
  );
}

function sourceProblems(source: FarmSpec['sources'][number], at: string): string[] {
  const problems: string[] = [];
  if ((source.pump === undefined) === (source.pressureKpa === undefined))
    problems.push(`${at} needs either a pump or pressureKpa, exactly one of them`);
  if (source.pump && source.pump.ratedHeadMetres >= source.pump.shutOffHeadMetres)
    problems.push(`${at}.pump.ratedHeadMetres must be lower than shutOffHeadMetres, as head falls with flow`);
  const { tank } = source;
  if (tank && tank.firstLitres > tank.capacityLitres)
    problems.push(`${at}.tank.firstLitres is more than its capacityLitres, lower it`);
  if (tank && (tank.fillBelowFraction === undefined) !== (tank.fillUpToFraction === undefined))
    problems.push(`${at}.tank needs both fillBelowFraction and fillUpToFraction, or neither`);
  return problems;
}

function zoneProblems(zone: FarmSpec['zones'][number], farm: FarmSpec, at: string): string[] {
  const problems: string[] = [];
  if (!farm.sources.some(({ id }) => id === zone.source))
    problems.push(`${at}.source '${zone.source}' is none of the sources, name one of them`);
  for (const [index, layer] of zone.soil.layers.entries()) {
    const { wiltingPoint, fieldCapacity, saturation } = layer;
    if (wiltingPoint < fieldCapacity && fieldCapacity < saturation) continue;
    problems.push(
      `${at}.soil.layers[${index}] needs wiltingPoint < fieldCapacity < saturation, not ${wiltingPoint}, ${fieldCapacity}, ${saturation}`,
    );
  }
  for (const name of ['kcByDay', 'rootDepthByDay'] as const) {
    const days = zone.crop[name].map(({ day }) => day);
    if (days.some((day, index) => index > 0 && day <= (days[index - 1] ?? 0)))
      problems.push(`${at}.crop.${name} must go from day to later day, sort it`);
  }
  const depth = zone.soil.layers.reduce((sum, layer) => sum + layer.thicknessMetres, 0);
  const deepest = Math.max(...zone.crop.rootDepthByDay.map(({ metres }) => metres));
  if (deepest > depth + 1e-9)
    problems.push(
      `${at}.crop.rootDepthByDay reaches ${deepest} m, below the ${depth} m of soil.layers: add a layer`,
    );
  return problems;
}

function placeProblems(device: DeviceSpec, farm: FarmSpec, at: string): string[] {
  const problems: string[] = [];
  const { zone, source } = device as { zone?: string; source?: string };
  if (zone !== undefined && !farm.zones.some(({ id }) => id === zone))
    problems.push(`${at}.zone '${zone}' is none of the zones, name one of them`);
  if (source !== undefined && !farm.sources.some(({ id }) => id === source))
    problems.push(`${at}.source '${source}' is none of the sources, name one of them`);
  if (device.kind === 'dose_pump' || device.kind === 'water_probe') {
    const head = farm.heads?.find(({ id }) => id === device.head);
    if (head === undefined)
      problems.push(`${at}.head '${device.head}' is none of the heads, name one of them`);
    else if (device.kind === 'dose_pump' && !head.tanks.some(({ id }) => id === device.tank))
      problems.push(`${at}.tank '${device.tank}' is none of the head's tanks, name one of them`);
  }
  if (device.kind === 'flow_meter' && (zone === undefined) === (source === undefined))
    problems.push(`${at} needs either a zone or a source, exactly one of them`);
  if (device.kind === 'pump' && !farm.sources.find(({ id }) => id === source)?.pump)
    problems.push(`${at}.source '${source}' has no pump, give it one or remove the device`);
  const filter = farm.sources.find(({ id }) => id === source)?.filter;
  if (device.kind === 'flush_valve' && filter?.flushLitresPerMinute === undefined)
    problems.push(`${at}.source '${source}' has no filter with flushLitresPerMinute, give it one`);
  if (device.kind === 'pressure_sensor' && device.side !== undefined && filter === undefined)
    problems.push(`${at}.source '${source}' has no filter, give it one or leave side out`);
  return problems;
}

function headProblems(
  { id, source, tanks }: NonNullable<FarmSpec['heads']>[number],
  farm: FarmSpec,
  at: string,
): string[] {
  const problems = repeated(
    tanks.map((tank) => tank.id),
    `${at}.tanks`,
  );
  if (!farm.sources.some((one) => one.id === source))
    problems.push(`${at}.source '${source}' is none of the sources, name one of them`);
  const other = farm.heads?.find((head) => head.source === source && head.id !== id);
  if (other) problems.push(`${at}.source '${source}' has the head ${other.id} already, keep one of them`);
  for (const [index, { firstLitres, capacityLitres }] of tanks.entries())
    if (firstLitres > capacityLitres)
      problems.push(`${at}.tanks[${index}].firstLitres is more than its capacityLitres, lower it`);
  return problems;
}

/** A valve, a pump and a master valve each have one master. */
function doubleDriven(farm: FarmSpec, at: string): string[] {
  const seen = new Map<string, string>();
  return farm.devices.flatMap((device, index) => {
    if (!isOutput(device)) return [];
    const key = `${device.kind satisfies DeviceKind} of ${drivenBy(device)}`;
    const other = seen.get(key);
    seen.set(key, device.id);
    return other === undefined
      ? []
      : [`${at}.devices[${index}] drives the ${key}, as ${other} does: remove one of them`];
  });
}

function drivenBy(device: OutputSpec): string {
  if (device.kind === 'dose_pump') return `${device.head}/${device.tank}`;
  return device.kind === 'valve' ? device.zone : device.source;
}

/** Outputs of one box or bridge are of one family, and no sensor is called like it. */
function mixedBoxes(farm: FarmSpec, at: string): string[] {
  const boxes = new Map<string, string>();
  return farm.devices.flatMap((device, index) => {
    const kind = isOutput(device) ? (device.family ?? 'nongtin') : device.kind;
    const box = isOutput(device) ? (families[kind]?.speakerOf(device) ?? device.id) : device.id;
    const other = boxes.get(box);
    boxes.set(box, kind);
    if (other === undefined || (other === kind && isOutput(device) && kind !== 'nongtin')) return [];
    return [
      `${at}.devices[${index}] speaks as '${box}', as a ${other} does: give it a connection of its own`,
    ];
  });
}
