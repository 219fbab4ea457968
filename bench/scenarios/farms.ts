import { filtered } from '../../firmware-sim/farms/filtered.ts';
import { fourFamilies } from '../../firmware-sim/farms/four-families.ts';
import { loam, tomato, twoZones } from '../../firmware-sim/farms/two-zones.ts';
import type { FarmSpec } from '../../firmware-sim/index.ts';

/** Small farms that scenarios share, beside those that come with the simulator. */
export { filtered, twoZones };

type ZoneSpec = FarmSpec['zones'][number];
type SoilSpec = ZoneSpec['soil'];

/** One zone on the mains: no pump, no tank, a probe and a weather station. */
export function oneZone(changed: Partial<ZoneSpec> = {}, climate = 'da-lat'): FarmSpec {
  return {
    format: 'nongtin-sim-farm-1',
    name: 'one-zone',
    climate,
    title: { vi: 'Một khu, nước máy', en: 'One zone on the mains' },
    sources: [{ id: 'mains', pressureKpa: 150, ecMilliSiemensPerCm: 0.3, ph: 6.8 }],
    zones: [
      {
        id: 'z1',
        source: 'mains',
        areaM2: 500,
        firstMoisture: 0.23,
        soil: loam,
        crop: tomato,
        applicationEfficiency: 0.95,
        emitters: { litresPerMinute: 60, atKpa: 150, exponent: 0.5, uniformity: 0.9 },
        ...changed,
      },
    ],
    devices: [
      { id: 'valve-z1', kind: 'valve', zone: 'z1', meterLitresPerPulse: 1, reportSeconds: 30 },
      { id: 'soil-z1', kind: 'soil_probe', zone: 'z1', everySeconds: 900, noise: 0.002 },
      { id: 'weather', kind: 'weather_station', everySeconds: 900 },
    ],
  };
}

/** A heavy soil that takes in 6 mm an hour and holds one millimetre on its surface. */
export const slowSoil: SoilSpec = {
  layers: loam.layers.map((layer) => ({ ...layer, drainageHours: 30 })),
  infiltrationMmPerHour: 6,
  surfaceStorageMm: 1,
};

/** A canal above the fields: LoRaWAN valves cannot stand behind a pump. */
export function withoutPump(farm: FarmSpec): FarmSpec {
  return {
    ...farm,
    sources: farm.sources.map(({ id }) => ({ id, pressureKpa: 150 })),
    devices: farm.devices.filter(({ kind }) => kind !== 'pump'),
  };
}

/** Of the four families the one zone, with its pump where it has one. */
export function familyOf(zone: 'tasmota' | 'shelly' | 'zigbee' | 'lora'): FarmSpec {
  const farm = zone === 'tasmota' ? fourFamilies : withoutPump(fourFamilies);
  return {
    ...farm,
    name: `family-${zone}`,
    zones: farm.zones.filter(({ id }) => id === zone),
    devices: farm.devices.filter((device) => !('zone' in device) || device.zone === zone),
  };
}
