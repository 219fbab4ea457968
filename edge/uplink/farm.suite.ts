import { Alarms } from '../alarms/alarms.ts';
import { EventHub } from '../live/hub.ts';
import { Live } from '../live/live.ts';
import { logger } from './uplink.suite.ts';

/** A farm with one probe, as the uplink sees it. */
export function farmOf() {
  const clock = { nowMs: () => 1_000, monotonicMs: () => 1_000 };
  const live = new Live({ hub: new EventHub('boot'), devices: [], clock });
  let ids = 0;
  const alarms = new Alarms({
    journal: { appendRecord: async () => 0, records: async () => [] },
    ...{ clock, newId: () => `al-${++ids}`, onAlarm: () => {}, logger },
  });
  const say = (value: number, bits = 0) =>
    live.onReadings([
      {
        ...({ metric: 'soil_moisture', device: 'soil-a1', channel: '' } as const),
        ...{ value, quality: bits, atMs: 900, receivedAtMs: 1_000 },
      },
    ]);
  return { live, alarms, irrigation: { zones: () => [] }, say };
}
