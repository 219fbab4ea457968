/** The season's figures out of a lot record; a record of another shape shows what it has. */
export interface Season {
  startedAtMs: number | null;
  endedAtMs: number | null;
  irrigation: { runs: number; measuredLitres: number } | null;
  readings: { metric: string; unit: string; count: number; mean: number; min: number; max: number }[];
}

/** Metrics whose mean and range say something to a buyer; counters and valve states do not. */
const SHOWN = [
  'soil_moisture',
  'soil_temperature',
  'soil_ec',
  'air_temperature',
  'relative_humidity',
  'water_ec',
  'water_ph',
];

export function readSeason(season: unknown): Season {
  const irrigation = at(season, 'irrigation');
  const runs = numberAt(irrigation, 'runs');
  const measuredLitres = numberAt(irrigation, 'measuredLitres');
  return {
    startedAtMs: numberAt(season, 'startedAtMs'),
    endedAtMs: numberAt(season, 'endedAtMs'),
    irrigation: runs !== null && measuredLitres !== null ? { runs, measuredLitres } : null,
    readings: SHOWN.flatMap((metric) => readMetric(metric, at(at(season, 'readings'), metric))),
  };
}

function readMetric(metric: string, value: unknown): Season['readings'] {
  const [count, mean, min, max] = ['count', 'mean', 'min', 'max'].map((name) => numberAt(value, name));
  if (count == null || mean == null || min == null || max == null || count === 0) return [];
  const unit = at(value, 'unit');
  return [{ metric, unit: typeof unit === 'string' ? unit : '', count, mean, min, max }];
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function numberAt(value: unknown, key: string): number | null {
  const found = at(value, key);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}
