import type { PlacementRecord } from '@nongtin/broker/wire';
import type { Valve } from '../actuators/index.ts';
import { freshId } from './ids.ts';
import { type Farm, farmProblems, type NamedDevice, type Plot, valveDevice, type Zone } from './layout.ts';
import { type DeviceRole, hardwareOf, placesOf } from './places.ts';

/**
 * What people change about the farm: a layout in, the next layout out, and what the journal keeps of each device. Every
 * answer has passed the check of the farm file; a change that cannot be throws a LayoutProblem that says why.
 */
export interface Change {
  readonly farm: Farm;
  readonly placements: readonly Placement[];
}

type Placement = Omit<PlacementRecord, 'kind' | 'atMs' | 'recordedBy'>;

/** `wrong`: the wish itself; `unknown`: it names what is not there; `conflict`: something else stands in its way. */
export class LayoutProblem extends Error {
  readonly kind: 'wrong' | 'unknown' | 'conflict';

  constructor(kind: LayoutProblem['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export type PlotWish = Omit<Plot, 'id' | 'zones'>;
/** Without its devices: those are placed. */
export type ZoneWish = Omit<Zone, 'id' | 'valve' | 'soilProbe'>;

/** A zone that nobody has said more of: watered below 20 % until 25 %, ten minutes at a time. */
export const zoneDefaults = {
  openBelowFraction: 0.2,
  targetFraction: 0.25,
  runSeconds: 600,
  maxRunSeconds: 1_800,
} as const satisfies Partial<ZoneWish>;

export interface PlaceWish {
  /** As the gateway shows it. */
  readonly device: string;
  readonly name?: string;
  readonly role: DeviceRole;
  /** Of every role but `farm`. */
  readonly zone?: string;
  /** Of `valve`: how it is reached; absent: it is one of ours. */
  readonly valve?: Valve;
  /** Of `valve`: what it lets through, where the zone does not say so yet. */
  readonly nominalFlowLitresPerMinute?: number;
  /** Of `flow_meter`, where the device has several. */
  readonly channel?: string;
}

/** What is said of the farm as a whole; null takes a word back. */
export type FarmWish = Nullable<
  Pick<
    Farm,
    'location' | 'timeZone' | 'programs' | 'waterTurns' | 'targetMarkets' | 'alarms' | 'supplies' | 'traps'
  >
> & {
  readonly site?: string;
};
type Nullable<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> | null };

export function changeFarm(farm: Farm, wish: FarmWish): Change {
  return checked(withWish(farm, wish));
}

/** Fields that are null are taken away. */
function withWish<T extends object>(known: T, wish: object): T {
  const fields = Object.entries({ ...known, ...wish }).filter(([, value]) => value !== null);
  return Object.fromEntries(fields) as T;
}

export function addPlot(farm: Farm, wish: PlotWish): Change & { readonly id: string } {
  const taken = farm.plots.map((plot) => plot.id);
  const id = freshId(wish.name, 'plot', taken);
  return { ...checked({ ...farm, plots: [...farm.plots, { id, zones: [], ...wish }] }), id };
}

export function changePlot(farm: Farm, id: string, wish: Partial<PlotWish>): Change {
  plotIn(farm, id);
  return checked(withPlot(farm, id, (plot) => ({ ...plot, ...wish })));
}

export function removePlot(farm: Farm, id: string): Change {
  const { zones, name } = plotIn(farm, id);
  if (zones.length > 0)
    throw new LayoutProblem('conflict', `'${name}' still has ${zones.length} zones: remove those first.`);
  return checked({ ...farm, plots: farm.plots.filter((plot) => plot.id !== id) });
}

export function addZone(farm: Farm, plot: string, wish: ZoneWish): Change & { readonly id: string } {
  plotIn(farm, plot);
  const taken = farm.plots.flatMap(({ zones }) => zones.map((zone) => zone.id));
  const id = freshId(wish.name, 'zone', taken);
  const add = (known: Plot) => ({ ...known, zones: [...known.zones, { id, ...wish }] });
  return { ...checked(withPlot(farm, plot, add)), id };
}

export function changeZone(
  farm: Farm,
  id: string,
  wish: Partial<Omit<ZoneWish, 'water' | 'program'>> & Nullable<Pick<Zone, 'water' | 'program'>>,
): Change {
  return checked(withZone(farm, id, (zone) => withWish(zone, wish)));
}

/** Its devices go on measuring, and are found again. */
export function removeZone(farm: Farm, id: string): Change {
  zoneIn(farm, id);
  const plots = farm.plots.map((plot) => ({ ...plot, zones: plot.zones.filter((zone) => zone.id !== id) }));
  const left = { ...farm, plots, ...devicesWhere(farm, (device) => device.zone !== id) };
  const gone = placesOf(farm).filter(({ zone }) => zone === id);
  const placements = gone.map(
    ({ device, role }): Placement => ({ device, action: 'retired', zone: id, role }),
  );
  return checked(left, placements);
}

export function place(farm: Farm, wish: PlaceWish): Change {
  const { device, role, zone, name } = wish;
  if (role !== 'farm' && zone === undefined)
    throw new LayoutProblem('wrong', `Say in which zone '${device}' stands: only role farm has none.`);
  const rival = placesOf(farm).find((known) => known.device === device && known.role === role);
  if (rival && (role === 'soil_probe' || role === 'farm' || rival.zone === zone))
    throw new LayoutProblem(
      'conflict',
      `'${device}' is ${role} of ${rival.zone ?? 'the farm'} already: retire it there first.`,
    );
  const placed = withDevice(placedFarm(farm, wish), { id: device, ...(name === undefined ? {} : { name }) });
  const told = { role, ...(zone === undefined ? {} : { zone }), ...(name === undefined ? {} : { name }) };
  return checked(placed, [{ device, action: 'placed', ...told }]);
}

export function rename(farm: Farm, device: string, name: string): Change {
  placedIn(farm, device);
  return checked(withDevice(farm, { id: device, name }), [{ device, action: 'renamed', name }]);
}

/** After how many minutes without a word it is missed; null: by its habit. */
export function expectWord(farm: Farm, device: string, silentAfterMinutes: number | null): Change {
  placedIn(farm, device);
  if (silentAfterMinutes !== null) return checked(withDevice(farm, { id: device, silentAfterMinutes }));
  const devices = (farm.devices ?? []).map((known) => {
    const { silentAfterMinutes: _, ...rest } = known;
    return known.id === device ? rest : known;
  });
  return checked(farm.devices === undefined ? farm : { ...farm, devices });
}

/** It goes on being measured, without a place. */
export function retire(farm: Farm, device: string): Change {
  servesNoSource(farm, device);
  if (farm.traps?.some((trap) => trap.device === device))
    throw new LayoutProblem(
      'conflict',
      `'${device}' counts for a trap: change traps in farm.json and start again.`,
    );
  const without = (zone: Zone): Zone => {
    const { valve, soilProbe, ...rest } = zone;
    const isValve = valve !== undefined && valveDevice(valve) === device;
    const probe = soilProbe === undefined || soilProbe === device ? {} : { soilProbe };
    return {
      ...rest,
      ...probe,
      ...(valve === undefined || isValve ? {} : { valve: unmetered(valve, device) }),
    };
  };
  const plots = farm.plots.map((plot) => ({ ...plot, zones: plot.zones.map(without) }));
  const farmDevices = farm.farmDevices.filter((known) => known !== device);
  const left = { ...farm, plots, farmDevices, ...devicesWhere(farm, ({ id }) => id !== device) };
  return checked(left, [{ device, action: 'retired' }]);
}

/**
 * Another device takes the place of a dead one, and the series go on under the name they had. Not for a valve: what is
 * commanded must be the device itself, and a new one is tested before it acts.
 */
export function replace(farm: Farm, device: string, hardware: string): Change {
  const places = servesNoSource(farm, device);
  if (places.some(({ role }) => role === 'valve'))
    throw new LayoutProblem(
      'conflict',
      `'${device}' is a valve: retire it and place '${hardware}' in its zone, so that it is tested before it acts.`,
    );
  const former = hardwareOf(farm, device);
  if (former === hardware)
    throw new LayoutProblem('conflict', `'${hardware}' speaks for '${device}' already.`);
  // With a name of its own, back after a repair: it needs no word about who speaks.
  const other = placesOf(farm).find((known) => known.device === hardware && hardware !== device);
  const stands = (farm.devices ?? []).find((known) => known.hardware === hardware && known.id !== device);
  if (other !== undefined || stands !== undefined)
    throw new LayoutProblem('conflict', `'${hardware}' has a place of its own: retire it there first.`);
  const next = withDevice(farm, { id: device, hardware });
  const placement: Placement = { device, action: 'replaced', hardware, formerHardware: former };
  return checked(hardware === device ? withoutHardware(next, device) : next, [placement]);
}

function placedFarm(farm: Farm, wish: PlaceWish): Farm {
  const { device, role, zone = '' } = wish;
  switch (role) {
    case 'farm':
      return { ...farm, farmDevices: [...farm.farmDevices, device] };
    case 'sensor':
      zoneIn(farm, zone);
      return withDevice(farm, { id: device, zone });
    case 'soil_probe':
      return withZone(farm, zone, (known) => ({
        ...free(known, 'soilProbe', 'a soil probe'),
        soilProbe: device,
      }));
    case 'valve':
      return withZone(farm, zone, (known) => valved(known, wish));
    case 'flow_meter':
      return withZone(farm, zone, (known) => metered(known, wish));
  }
}

function free(zone: Zone, field: 'soilProbe' | 'valve', what: string): Zone {
  if (zone[field] === undefined) return zone;
  throw new LayoutProblem('conflict', `Zone '${zone.name}' has ${what} already: retire or replace that one.`);
}

function valved(zone: Zone, { device, valve = device, nominalFlowLitresPerMinute: stated }: PlaceWish): Zone {
  free(zone, 'valve', 'a valve');
  if (valveDevice(valve) !== device)
    throw new LayoutProblem('wrong', `valve.device must be '${device}', the device that is placed.`);
  const nominal = stated ?? zone.nominalFlowLitresPerMinute;
  if (nominal === undefined)
    throw new LayoutProblem(
      'wrong',
      'Say how many litres a minute this valve lets through (nominalFlowLitresPerMinute): a burst pipe is told by it.',
    );
  return { ...zone, valve, nominalFlowLitresPerMinute: nominal };
}

function metered(zone: Zone, { device, channel }: PlaceWish): Zone {
  const { valve } = zone;
  if (valve === undefined || typeof valve === 'string')
    throw new LayoutProblem(
      'conflict',
      valve === undefined
        ? `Zone '${zone.name}' has no valve whose water could be measured: place its valve first.`
        : `The valve of '${zone.name}' is one of ours and measures its own water.`,
    );
  if (valve.flowMeter !== null && valve.flowMeter.device !== device)
    throw new LayoutProblem(
      'conflict',
      `Zone '${zone.name}' has a flow meter already: retire or replace it.`,
    );
  return {
    ...zone,
    valve: { ...valve, flowMeter: { device, ...(channel === undefined ? {} : { channel }) } },
  };
}

function unmetered(valve: Valve, device: string): Valve {
  if (typeof valve === 'string' || valve.flowMeter?.device !== device) return valve;
  return { ...valve, flowMeter: null };
}

function checked(farm: Farm, placements: readonly Placement[] = []): Change {
  const problems = farmProblems(farm);
  if (problems.length > 0) throw new LayoutProblem('wrong', `${problems.join('; ')}.`);
  return { farm, placements };
}

function plotIn(farm: Farm, id: string): Plot {
  const plot = farm.plots.find((known) => known.id === id);
  if (plot === undefined) throw new LayoutProblem('unknown', `There is no plot '${id}'.`);
  return plot;
}

function zoneIn(farm: Farm, id: string): Zone {
  const zone = farm.plots.flatMap((plot) => plot.zones).find((known) => known.id === id);
  if (zone === undefined) throw new LayoutProblem('unknown', `There is no zone '${id}'.`);
  return zone;
}

function placedIn(farm: Farm, device: string) {
  const places = placesOf(farm).filter((known) => known.device === device);
  if (places.length === 0) throw new LayoutProblem('unknown', `'${device}' has no place on the farm.`);
  return places;
}

function servesNoSource(farm: Farm, device: string) {
  const places = placedIn(farm, device);
  if (places.some(({ role }) => role === 'source'))
    throw new LayoutProblem(
      'conflict',
      `'${device}' belongs to a source of water or a dosing head: change sources or heads in farm.json and start again.`,
    );
  return places;
}

function withPlot(farm: Farm, id: string, edit: (plot: Plot) => Plot): Farm {
  return { ...farm, plots: farm.plots.map((plot) => (plot.id === id ? edit(plot) : plot)) };
}

function withZone(farm: Farm, id: string, edit: (zone: Zone) => Zone): Farm {
  zoneIn(farm, id);
  const edited = (zone: Zone) => (zone.id === id ? edit(zone) : zone);
  return { ...farm, plots: farm.plots.map((plot) => ({ ...plot, zones: plot.zones.map(edited) })) };
}

/** What is known of the device, with this; nothing is kept of one of which nothing is said. */
function withDevice(farm: Farm, told: NamedDevice): Farm {
  const known = farm.devices?.find(({ id }) => id === told.id);
  if (known === undefined && Object.keys(told).length === 1) return farm;
  const others = (farm.devices ?? []).filter(({ id }) => id !== told.id);
  return { ...farm, devices: [...others, { ...known, ...told }] };
}

function withoutHardware(farm: Farm, device: string): Farm {
  const devices = (farm.devices ?? []).map((known) => {
    const { hardware: _, ...rest } = known;
    return known.id === device ? rest : known;
  });
  return { ...farm, devices };
}

function devicesWhere(farm: Farm, isKept: (device: NamedDevice) => boolean): Pick<Farm, 'devices'> {
  return farm.devices === undefined ? {} : { devices: farm.devices.filter(isKept) };
}
