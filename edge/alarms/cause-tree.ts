import type { Reason } from '@nongtin/broker/wire';
import { type Farm, valveDevice, zonesOf } from '../farm/layout.ts';
import { hardwareOf, placedDevices, placesOf } from '../farm/places.ts';
import { partValve } from '../irrigation/sources/schema.ts';
import { headsOf, trapsOf } from './equipment.ts';

/**
 * What may fail together, from the farm's layout. Nodes are named 'device:ID', 'zone:ID', 'plot:ID', 'water:ID' (a source of water),
 * 'head:ID' (a dosing head), 'trap:ID', 'supply:ID', 'farm' and 'broker'; a node is above all that stops when it fails:
 *
 *   broker ─► farm ─► supply ─► bridge (or network server) ─► device ─► zone, head, trap ◄─ water, plot
 */
export interface CauseTree {
  /** Of a source of alarms: its own nodes, and all above them. */
  nodesOf(source: string): ReadonlySet<string>;
  /** Whether an alarm may come of another one, by their sources and conditions. */
  isBehind(effect: AlarmName, cause: AlarmName): boolean;
  /** What falls silent together, the outermost first. */
  readonly groups: readonly Group[];
}

interface AlarmName {
  readonly source: string;
  readonly condition: string;
  readonly reason: Reason;
}

/** Devices behind one node, at least two. */
export interface Group {
  readonly kind: 'farm' | 'supply' | 'bridge';
  /** The source of its alarm: the id of the supply or the bridge, or 'farm'. */
  readonly id: string;
  readonly devices: readonly string[];
}

/** Alarms of a group that is silent. */
export const groupKeys = { farm: 'all_silent', supply: 'supply_silent', bridge: 'bridge_silent' } as const;

/** Sensors that fell silent together, whatever they have in common: nobody has named it. Its figures say from when to when. */
export const MANY_SILENT = 'many_silent';
/** Alarms of what is expected to speak. */
export const missedKeys = ['sensor_silent', 'gauge_silent', 'probe_silent', 'trap_silent'] as const;

const SILENCES = [
  ...['sensor_silent', 'gauge_silent', 'valve_silent', 'source_silent', 'flush_valve_silent'],
  ...['probe_silent', 'trap_silent', 'dose_probe_stale', 'dose_pumps_unconfirmed'],
];
const BROKER_AWAY = [
  'external_broker_unreachable',
  'external_broker_login_refused',
  'external_broker_certificate',
  'external_broker_not_mqtt',
];
/** A source gives no water: that a zone's water is lost is no news then. */
const WATER_FAILS = [
  ...[
    'source_no_flow',
    'source_dry_too_often',
    'source_silent',
    'tank_low',
    'pump_no_answer',
    'master_no_answer',
  ],
  ...['pressure_too_low', 'pressure_too_high'],
];

interface Kind {
  readonly node: (source: string) => string;
  readonly effects: ReadonlySet<string>;
}

const kinds: ReadonlyMap<string, Kind> = new Map([
  ...BROKER_AWAY.map(
    (key) =>
      [
        key,
        { node: () => 'broker', effects: new Set([...SILENCES, MANY_SILENT, ...Object.values(groupKeys)]) },
      ] as const,
  ),
  [
    groupKeys.farm,
    { node: () => 'farm', effects: new Set([...SILENCES, MANY_SILENT, groupKeys.supply, groupKeys.bridge]) },
  ] as const,
  [
    groupKeys.supply,
    { node: (source: string) => `supply:${source}`, effects: new Set([...SILENCES, groupKeys.bridge]) },
  ] as const,
  [groupKeys.bridge, { node: (source: string) => `device:${source}`, effects: new Set(SILENCES) }] as const,
  ...WATER_FAILS.map(
    (key) => [key, { node: (source: string) => `water:${source}`, effects: new Set(['flow_lost']) }] as const,
  ),
]);

/** Whether other alarms may stand behind one of this condition. */
export function isCause(condition: string): boolean {
  return condition === MANY_SILENT || kinds.has(condition);
}

export function causeTree(farm: Farm): CauseTree {
  const nodes = new Map<string, ReadonlySet<string>>();
  const nodesOf = (source: string) => {
    const known = nodes.get(source) ?? new Set(findNodes(farm, source));
    nodes.set(source, known);
    return known;
  };
  return {
    nodesOf,
    isBehind(effect, cause) {
      if (cause.condition === MANY_SILENT) {
        const isMissed = (missedKeys as readonly string[]).includes(effect.condition);
        return isMissed && isOneOfMany(Number(effect.reason.figures.sinceAtMs), cause.reason);
      }
      const kind = kinds.get(cause.condition);
      if (kind === undefined || !kind.effects.has(effect.condition)) return false;
      return nodesOf(effect.source).has(kind.node(cause.source));
    },
    groups: groupsOf(farm, nodesOf),
  };
}

/** By its last word, UTC ms, so that a restart knows it too. */
export function isOneOfMany(lastMs: number, { figures }: Reason): boolean {
  return lastMs >= Number(figures.fromAtMs) && lastMs <= Number(figures.sinceAtMs);
}

const KINDS = ['zone', 'plot', 'water', 'head', 'trap', 'supply', 'device'];

/** What may be maintained, by its node: everything that the farm has but the farm itself. */
export function maintainables(farm: Farm): ReadonlySet<string> {
  const places = [
    ...zonesOf(farm),
    ...farm.plots,
    ...(farm.sources ?? []),
    ...headsOf(farm),
    ...trapsOf(farm),
  ];
  const sources = [...placedDevices(farm), ...places.map(({ id }) => id)];
  const nodes = sources.flatMap((source) => findNodes(farm, source));
  return new Set(nodes.filter((node) => node.includes(':')));
}

/** A node of the tree, or what is called so: a zone, plot, source of water, head, trap, supply or device. Undefined: there is none. */
export function maintainable(farm: Farm, named: string): string | undefined {
  const nodes = maintainables(farm);
  return [named, ...KINDS.map((kind) => `${kind}:${named}`)].find((node) => nodes.has(node));
}

function findNodes(farm: Farm, source: string): string[] {
  if (source === 'farm') return ['farm', 'broker'];
  const zone = zonesOf(farm).find(({ id }) => id === source);
  const water = (farm.sources ?? []).find(({ id }) => id === source);
  const head = headsOf(farm).find(({ id }) => id === source);
  const trap = trapsOf(farm).find(({ id }) => id === source);
  // What is told of a plot may say of what in it: 'PLOT/PEST'.
  const [plotId = ''] = source.split('/');
  const plot = zone === undefined ? farm.plots.find(({ id }) => id === plotId)?.id : plotOf(farm, source);
  const valves = [zone?.valve, ...[water?.pump, water?.masterValve].map((part) => part && partValve(part))];
  const devices = [
    ...valves.flatMap((valve) => (valve === undefined ? [] : valveDevice(valve))),
    ...(head?.devices ?? []),
    ...(trap?.devices ?? []),
  ];
  const own = [
    ...devices.flatMap((device) => deviceNodes(farm, device)),
    ...(zone === undefined ? [] : [`zone:${source}`]),
    ...(plot === undefined ? [] : [`plot:${plot}`]),
    ...(trap === undefined ? [] : [`trap:${source}`, `plot:${trap.plot}`]),
    ...[zone?.source, water?.id, head?.source].flatMap((id) => (id === undefined ? [] : `water:${id}`)),
    ...(head === undefined ? [] : [`head:${source}`]),
    ...(farm.supplies?.some(({ id }) => id === source) ? [`supply:${source}`] : []),
  ];
  return [...(own.length === 0 ? deviceNodes(farm, source) : own), 'farm', 'broker'];
}

/** Of a zone. */
function plotOf(farm: Farm, zone: string): string | undefined {
  return farm.plots.find(({ zones }) => zones.some(({ id }) => id === zone))?.id;
}

/** Itself, its zone, who speaks for it, the bridge it speaks through, and what feeds any of them. */
function deviceNodes(farm: Farm, device: string): string[] {
  const hardware = hardwareOf(farm, device);
  const bridges = [device, hardware].flatMap((name) => bridgeOf(name) ?? []);
  const names = [...new Set([device, hardware, ...bridges])];
  const zones = placesOf(farm).flatMap((place) => (place.device === device && place.zone ? place.zone : []));
  const supplies = (farm.supplies ?? []).filter((supply) =>
    supply.devices.some((fed) => names.includes(fed)),
  );
  return [
    ...names.map((name) => `device:${name}`),
    ...zones.flatMap((zone) => [
      `zone:${zone}`,
      ...[plotOf(farm, zone) ?? []].flat().map((id) => `plot:${id}`),
    ]),
    ...headsOf(farm).flatMap((head) => (head.devices.includes(device) ? `head:${head.id}` : [])),
    ...trapsOf(farm).flatMap((trap) => (trap.devices.includes(device) ? `trap:${trap.id}` : [])),
    ...supplies.map(({ id }) => `supply:${id}`),
  ];
}

function bridgeOf(device: string): string | undefined {
  const dot = device.indexOf('.');
  return dot < 0 ? undefined : device.slice(0, dot);
}

function groupsOf(farm: Farm, nodesOf: CauseTree['nodesOf']): Group[] {
  const further = [...headsOf(farm), ...trapsOf(farm)].flatMap(({ devices }) => devices);
  const devices = [...new Set([...placedDevices(farm), ...further])];
  const behind = (node: string) => devices.filter((device) => nodesOf(device).has(node));
  const speakers = [...devices, ...devices.map((device) => hardwareOf(farm, device))];
  const bridges = [...new Set(speakers.flatMap((name) => bridgeOf(name) ?? []))];
  const inner: Group[] = [
    ...(farm.supplies ?? []).map(({ id }) => ({
      kind: 'supply' as const,
      id,
      devices: behind(`supply:${id}`),
    })),
    ...bridges.map((id) => ({ kind: 'bridge' as const, id, devices: behind(`device:${id}`) })),
  ];
  // Where all of the farm speaks through one bridge, that one is named.
  const isOneGroup = inner.some((group) => group.devices.length === devices.length);
  const all: Group[] = isOneGroup ? [] : [{ kind: 'farm', id: 'farm', devices }];
  return [...all, ...inner].filter((group) => group.devices.length >= 2);
}
