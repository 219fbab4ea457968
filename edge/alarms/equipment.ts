import { type Farm, valveDevice, zonesOf } from '../farm/layout.ts';
import { givenName, placesOf } from '../farm/places.ts';
import { dosingPart } from '../fertigation/schema.ts';
import { partValve } from '../irrigation/sources/schema.ts';

/** Dosing heads and traps, as far as alarms are about them: what they are called and whose devices they have. */
interface Equipment {
  readonly id: string;
  readonly name: string;
  readonly devices: readonly string[];
}

export function headsOf(
  farm: Farm,
): (Equipment & { readonly source: string; readonly probes: readonly string[] })[] {
  return (farm.heads ?? []).map(({ id, name, source, tanks, ec, ph }) => {
    const probes = [...new Set([...ec.probes, ...ph.probes].map(({ device }) => device))];
    const pumps = tanks.map((tank) => valveDevice(partValve(dosingPart(tank))));
    return { id, name, source, probes, devices: [...new Set([...pumps, ...probes])] };
  });
}

export function trapsOf(farm: Farm): (Equipment & { readonly plot: string })[] {
  return (farm.traps ?? []).map(({ id, name, plot, device }) => ({
    ...{ id, name, plot, devices: device === undefined ? [] : [device] },
  }));
}

/** What people call a source of alarms: by its name, or by the one zone in which a device stands; undefined: its own id is all there is. */
export function sourceName(farm: Farm, source: string): string | undefined {
  const places = [
    ...zonesOf(farm),
    ...farm.plots,
    ...(farm.sources ?? []),
    ...headsOf(farm),
    ...trapsOf(farm),
  ];
  const named = [...places, ...(farm.supplies ?? [])].find(({ id }) => id === source);
  const plot = farm.plots.find(({ id }) => source.startsWith(`${id}/`));
  return named?.name ?? plot?.name ?? givenName(farm, source) ?? nameByZone(farm, source);
}

function nameByZone(farm: Farm, device: string): string | undefined {
  const places = placesOf(farm).filter((place) => place.device === device);
  const [zone, another] = new Set(places.flatMap((place) => place.zone ?? []));
  const name = another === undefined ? zonesOf(farm).find(({ id }) => id === zone)?.name : undefined;
  return name && `${name} (${device})`;
}
