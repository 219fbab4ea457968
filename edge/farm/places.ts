import { dosingPart } from '../fertigation/schema.ts';
import { type Farm, valveDevice, type Zone } from './layout.ts';

/** What a device is there for: `sensor` only measures in its zone, `farm` serves all of it. */
export type DeviceRole = 'soil_probe' | 'valve' | 'flow_meter' | 'sensor' | 'farm';

/** Where one device stands, and what for; a device may have several places. */
export interface Place {
  readonly device: string;
  /** `source`: pump, master valve, filter or sensor of a source of water, or of what doses into it; written in farm.json, not placed on the page. */
  readonly role: DeviceRole | 'source';
  /** Null: the whole farm, or several zones of it. */
  readonly zone: string | null;
}

/** Every place of every device. */
export function placesOf(farm: Farm): Place[] {
  const zones = farm.plots.flatMap((plot) => plot.zones.flatMap(placesIn));
  const sensors = (farm.devices ?? []).flatMap(({ id, zone }): Place[] =>
    zone === undefined ? [] : [{ device: id, role: 'sensor', zone }],
  );
  const shared = farm.farmDevices.map((device): Place => ({ device, role: 'farm', zone: null }));
  const traps = (farm.traps ?? []).flatMap(({ device }): Place[] =>
    device === undefined || farm.farmDevices.includes(device) ? [] : [{ device, role: 'farm', zone: null }],
  );
  return [...zones, ...sensors, ...shared, ...traps, ...sourceDevices(farm)];
}

function sourceDevices({ sources = [], heads = [] }: Farm): Place[] {
  const devices = sources.flatMap(({ pump, masterValve, pressure, tank, filter }) => [
    ...[pump, masterValve, filter].flatMap((part) => (part ? valveDevice(part.valve) : [])),
    ...[pressure, tank, filter?.difference?.before, filter?.difference?.after].flatMap((sensor) =>
      sensor ? sensor.device : [],
    ),
  ]);
  const dosing = heads.flatMap(({ tanks, ec, ph }) => [
    ...tanks.map((tank) => valveDevice(dosingPart(tank).valve)),
    ...[...ec.probes, ...ph.probes].map(({ device }) => device),
  ]);
  return [...new Set([...devices, ...dosing])].map(
    (device): Place => ({ device, role: 'source', zone: null }),
  );
}

function placesIn({ id, soilProbe, valve }: Zone): Place[] {
  const places: Place[] = [];
  if (soilProbe !== undefined) places.push({ device: soilProbe, role: 'soil_probe', zone: id });
  if (valve === undefined) return places;
  places.push({ device: valveDevice(valve), role: 'valve', zone: id });
  if (typeof valve !== 'string' && valve.flowMeter !== null)
    places.push({ device: valve.flowMeter.device, role: 'flow_meter', zone: id });
  return places;
}

/** The names under which placed devices' series are kept, each once. */
export function placedDevices(farm: Farm): string[] {
  return [...new Set(placesOf(farm).map(({ device }) => device))];
}

/** Names that are no news when somebody speaks by them: placed devices, and who speaks in another one's place. */
export function knownNames(farm: Farm): string[] {
  const hardware = (farm.devices ?? []).flatMap((device) => device.hardware ?? []);
  return [...new Set([...placedDevices(farm), ...hardware])];
}

/** What people call a device; undefined: they have not said. */
export function givenName(farm: Farm, device: string): string | undefined {
  return farm.devices?.find(({ id }) => id === device)?.name;
}

/** Who speaks for a device: itself, or what it was replaced with. */
export function hardwareOf(farm: Farm, device: string): string {
  return farm.devices?.find(({ id }) => id === device)?.hardware ?? device;
}
