import type { DeviceSpec, FarmSpec, ZoneSpec } from '../farm/spec.ts';
import { loam, tomato } from './two-zones.ts';

/** A zone for each family that people can buy valves of. */
const zoneNames = ['tasmota', 'shelly', 'zigbee', 'lora'];

/** Valves of four families and a Tasmota pump in one box with a valve; native meters and probes. */
export const fourFamilies: FarmSpec = {
  format: 'nongtin-sim-farm-1',
  name: 'four-families',
  title: { vi: 'Bốn khu, bốn loại van', en: 'Four zones, four families of valves' },
  climate: 'mekong-delta',
  sources: [
    { id: 'canal', pump: { shutOffHeadMetres: 30, ratedHeadMetres: 20, ratedFlowLitresPerMinute: 160 } },
  ],
  zones: zoneNames.map(
    (id): ZoneSpec => ({
      ...{ id, source: 'canal', areaM2: 300, firstMoisture: 0.2, soil: loam, crop: tomato },
      emitters: { litresPerMinute: 40, atKpa: 150, exponent: 0.5, uniformity: 0.9 },
    }),
  ),
  devices: [
    {
      ...{ id: 'valve-tasmota', kind: 'valve', zone: 'tasmota', family: 'tasmota' },
      settings: { box: 'pump_house', output: 1 },
    },
    {
      ...{ id: 'pump-tasmota', kind: 'pump', source: 'canal', family: 'tasmota' },
      settings: { box: 'pump_house', output: 2 },
    },
    { id: 'valve-shelly', kind: 'valve', zone: 'shelly', family: 'shelly' },
    {
      ...{ id: 'valve-zigbee', kind: 'valve', zone: 'zigbee', family: 'zigbee2mqtt' },
      meterLitresPerPulse: 1,
    },
    {
      ...{ id: 'valve-lora', kind: 'valve', zone: 'lora', family: 'chirpstack', meterLitresPerPulse: 10 },
      settings: { devEui: '24e124460b000001' },
    },
    ...zoneNames.flatMap((zone): DeviceSpec[] => [
      { id: `meter-${zone}`, kind: 'flow_meter', zone, litresPerPulse: 1, everySeconds: 10 },
      { id: `soil-${zone}`, kind: 'soil_probe', zone, everySeconds: 600, noise: 0.002 },
    ]),
    { id: 'weather', kind: 'weather_station', everySeconds: 600 },
  ],
};
