import type { FarmSpec } from '../farm/spec.ts';
import { twoZones } from './two-zones.ts';

/** The same pump draws dirty water: its filter clogs within hours, and has a flush valve and a gauge on either side. */
export const filtered: FarmSpec = {
  ...twoZones,
  name: 'filtered',
  title: { vi: 'Nước đục: bộ lọc có van xả', en: 'Dirty water: a filter with a flush valve' },
  sources: twoZones.sources.map((source) => ({
    ...source,
    filter: { cleanLossKpa: 15, atLitresPerMinute: 100, doublesAfterLitres: 600, flushLitresPerMinute: 40 },
  })),
  devices: [
    ...twoZones.devices,
    { id: 'flush-1', kind: 'flush_valve', source: 'well' },
    { id: 'gauge-1', kind: 'pressure_sensor', source: 'well', side: 'before_filter', everySeconds: 60 },
  ],
};
