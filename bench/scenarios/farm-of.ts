import type { Farm, Plot, Zone } from '../../edge/farm/layout.ts';
import type { Program } from '../../edge/irrigation/programs/program.ts';
import type { Source } from '../../edge/irrigation/sources/schema.ts';
import type { FarmSpec } from '../../firmware-sim/index.ts';

/** What a technician has written otherwise than what can be seen of the farm. */
export interface Own {
  /** Of every zone that has none of its own. */
  readonly program?: Program;
  readonly zone?: Partial<Zone>;
  readonly zones?: Readonly<Record<string, Partial<Zone>>>;
  readonly source?: Partial<Source>;
  readonly waterTurns?: Farm['waterTurns'];
  /** What stands at a source that nothing else controls, and what all zones get there. */
  readonly dosing?: Required<Pick<Farm, 'sources' | 'heads' | 'recipes'>> & Pick<Plot, 'fertigation'>;
  /** Somebody has seen the Zigbee valves renew. */
  readonly zigbeeRenews?: boolean;
}

type ZoneSpec = FarmSpec['zones'][number];
type SourceSpec = FarmSpec['sources'][number];
type Device = FarmSpec['devices'][number];
type Output = Extract<Device, { kind: 'valve' | 'pump' | 'master_valve' }>;

const DAY_MS = 86_400_000;
const PUMPED_MARGIN = 1.2;

/** The gateway's farm.json for a simulated farm: what a careful technician would have written. */
export function farmOf(spec: FarmSpec, own: Own, startMs: number): Farm {
  const plot: Plot = {
    id: 'plot-1',
    name: 'Lô 1',
    crop: 'tomato-1998',
    areaHectares: spec.zones.reduce((sum, { areaM2 }) => sum + areaM2, 0) / 10_000,
    ...(own.dosing?.fertigation === undefined ? {} : { fertigation: own.dosing.fertigation }),
    zones: spec.zones.map((zone) => zoneOf(zone, spec, own, startMs)),
  };
  const served = spec.devices.filter(
    ({ kind }) =>
      ![
        ...['valve', 'master_valve', 'pump', 'flush_valve', 'soil_probe', 'flow_meter'],
        ...['dose_pump', 'water_probe'],
      ].includes(kind),
  );
  return {
    format: 'nongtin-farm-1',
    site: spec.title.en,
    timeZone: 'Asia/Ho_Chi_Minh',
    plots: [plot],
    farmDevices: served.map(({ id }) => id),
    location: {
      latitudeDegrees: 11.9,
      longitudeDegrees: 108.4,
      elevationMetres: 1_500,
      isCoastal: false,
      windHeightMetres: 2,
    },
    sources: [
      ...spec.sources.flatMap((source) => sourceOf(source, spec, own)),
      ...(own.dosing?.sources ?? []),
    ],
    ...(own.dosing === undefined ? {} : { heads: own.dosing.heads, recipes: own.dosing.recipes }),
    ...(own.waterTurns === undefined ? {} : { waterTurns: own.waterTurns }),
  };
}

function zoneOf(spec: ZoneSpec, farm: FarmSpec, own: Own, startMs: number): Zone {
  const valve = farm.devices.find(
    (device): device is Output => device.kind === 'valve' && device.zone === spec.id,
  );
  const probe = farm.devices.find((device) => device.kind === 'soil_probe' && device.zone === spec.id);
  const hasSource = isControlled(spec.source, farm);
  return {
    id: spec.id,
    name: `Khu ${spec.id}`,
    openBelowFraction: 0.2,
    targetFraction: 0.25,
    ...(valve === undefined ? {} : { valve: addressOf(valve, farm, own) }),
    ...(probe === undefined ? {} : { soilProbe: probe.id }),
    runSeconds: 1_800,
    maxRunSeconds: 3_600,
    ...(hasSource ? { source: spec.source } : {}),
    ...bandOf(spec.emitters.litresPerMinute),
    water: waterOf(spec, startMs),
    ...(own.program === undefined ? {} : { program: own.program }),
    ...own.zone,
    ...own.zones?.[spec.id],
  };
}

/** Two zones at once get less each than one alone. */
function bandOf(nominalFlowLitresPerMinute: number) {
  return {
    nominalFlowLitresPerMinute,
    minFlowLitresPerMinute: nominalFlowLitresPerMinute * 0.4,
    maxFlowLitresPerMinute: nominalFlowLitresPerMinute * 1.5,
  };
}

/** As it was dug, measured and counted. */
function waterOf(spec: ZoneSpec, startMs: number): NonNullable<Zone['water']> {
  const { soil, crop, areaM2, wettedFraction = 1, applicationEfficiency = 1 } = spec;
  const depth = soil.layers.reduce((sum, { thicknessMetres }) => sum + thicknessMetres, 0);
  const mean = (field: 'fieldCapacity' | 'wiltingPoint') =>
    soil.layers.reduce((sum, layer) => sum + layer[field] * layer.thicknessMetres, 0) / depth;
  const plantedMs = startMs - (crop.plantedDaysBefore ?? 0) * DAY_MS;
  return {
    crop: 'tomato-1998',
    soil: 'loam',
    method: 'drip',
    areaSquareMetres: areaM2,
    wettedFraction,
    rootedFraction: wettedFraction,
    efficiency: applicationEfficiency,
    fieldCapacity: mean('fieldCapacity'),
    wiltingPoint: mean('wiltingPoint'),
    depletionFraction: crop.depletionShare,
    rootDepthMetres: crop.rootDepthByDay.at(-1)?.metres ?? 0.6,
    plantedOn: new Date(plantedMs).toISOString().slice(0, 10),
  };
}

function addressOf(
  device: Output,
  farm: FarmSpec,
  { zigbeeRenews = false }: Own = {},
): NonNullable<Zone['valve']> {
  const { family = 'nongtin', settings = {} } = device;
  if (family === 'nongtin') return device.id;
  const zone = device.kind === 'valve' ? device.zone : undefined;
  const meter = farm.devices.find((one) => one.kind === 'flow_meter' && one.zone === zone);
  const flowMeter = meter === undefined ? null : { device: meter.id };
  const box = 'box' in settings ? String(settings.box) : device.id;
  const output = 'output' in settings ? { output: Number(settings.output) } : {};
  switch (family) {
    case 'tasmota':
      return { family, device: box, ...output, flowMeter };
    case 'shelly':
      return { family, device: box, ...output, flowMeter };
    case 'zigbee2mqtt':
      return { family, device: `zigbee.${device.id}`, ...(zigbeeRenews ? { renews: true } : {}), flowMeter };
    case 'chirpstack': {
      const devEui = 'devEui' in settings ? String(settings.devEui) : '';
      return {
        family,
        device: `chirpstack.${devEui}`,
        devEui,
        fPort: 85,
        flowMeter,
        application: '0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01',
        open: 'ff1da000{seconds:u24le}',
        close: 'ff1d0000',
      };
    }
    default:
      throw new RangeError(`nobody has said how a gateway reaches a valve of ${family}`);
  }
}

function partsOf(id: string, { devices }: FarmSpec) {
  const of = (kind: 'pump' | 'master_valve') =>
    devices.find((device): device is Output => device.kind === kind && device.source === id);
  return { pump: of('pump'), masterValve: of('master_valve') };
}

/** Whether there is anything at the source that a gateway can see or switch. */
function isControlled(id: string, farm: FarmSpec): boolean {
  return farm.devices.some(
    (device) =>
      'source' in device &&
      device.source === id &&
      ['pump', 'master_valve', 'tank_sensor'].includes(device.kind),
  );
}

function sourceOf(spec: SourceSpec, farm: FarmSpec, own: Own): Source[] {
  if (!isControlled(spec.id, farm)) return [];
  const { pump, masterValve } = partsOf(spec.id, farm);
  const flows = farm.zones.filter(({ source }) => source === spec.id);
  const all = flows.reduce((sum, { emitters }) => sum + emitters.litresPerMinute, 0);
  const sensor = (kind: Device['kind']) =>
    farm.devices.find((device) => device.kind === kind && 'source' in device && device.source === spec.id);
  const [pressure, tank] = [sensor('pressure_sensor'), sensor('tank_sensor')];
  return [
    {
      id: spec.id,
      name: 'Nguồn nước',
      maxFlowLitresPerMinute: all * PUMPED_MARGIN,
      ...(pump === undefined ? {} : { pump: { valve: addressOf(pump, farm) } }),
      ...(masterValve === undefined ? {} : { masterValve: { valve: addressOf(masterValve, farm) } }),
      ...(pressure === undefined
        ? {}
        : { pressure: { device: pressure.id, minKilopascals: 60, maxKilopascals: 400 } }),
      ...(tank === undefined ? {} : { tank: { device: tank.id, stopPercent: 15, resumePercent: 30 } }),
      ...own.source,
    },
  ];
}
