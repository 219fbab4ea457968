import type { AlarmRecord } from '@nongtin/broker/wire';
import type { Alarms } from '../alarms/alarms.ts';
import { type Farm, zonesOf } from '../farm/layout.ts';
import type { Health } from './health.ts';

interface SilenceOptions {
  /** As it is laid out now. */
  readonly farm: () => Farm;
  readonly health: Pick<Health, 'silentSinceMs'>;
  readonly alarms: Pick<Alarms, 'raise' | 'clear' | 'list'>;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** The demo's farm names devices that nobody simulates: one that was never heard is not missed there. */
  readonly demo: boolean;
}

type Key = 'sensor_silent' | 'gauge_silent';
/** One that has not spoken since the gateway's start may speak once a day. */
const UNHEARD_MS = 24 * 3_600_000;

/**
 * An alarm for each sensor that something is decided by (soil probes, what serves the whole farm, such as the weather station, and
 * the gauges that guard a pump) while it is silent; it clears itself when it speaks again. Valves and their meters are missed by
 * the controller.
 */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  readonly #startedMs: number;
  readonly #startedMonotonicMs: number;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    this.#startedMonotonicMs = options.clock.monotonicMs();
  }

  look(): void {
    const { alarms, health } = this.#options;
    const sensors = sensorsOf(this.#options.farm());
    for (const [sensor, key] of sensors) {
      const sinceMs = health.silentSinceMs(sensor);
      // One of which an earlier start has told stands until it is heard.
      if (sinceMs === null) alarms.clear(sensor, key);
      else if (sinceMs !== undefined) this.#tell(sensor, key, sinceMs);
      else if (this.#isMissed()) this.#tell(sensor, key, this.#startedMs);
    }
    for (const { source, reason } of alarms.list().filter(stands))
      if (sensors.get(source) !== reason.key) alarms.clear(source, reason.key);
  }

  #isMissed(): boolean {
    const { clock, demo } = this.#options;
    return !demo && clock.monotonicMs() - this.#startedMonotonicMs > UNHEARD_MS;
  }

  #tell(sensor: string, key: Key, sinceAtMs: number): void {
    this.#options.alarms.raise(sensor, 'low', { key, figures: { sensor, sinceAtMs } });
  }
}

function stands({ state, reason }: AlarmRecord): boolean {
  return state !== 'cleared' && (reason.key === 'sensor_silent' || reason.key === 'gauge_silent');
}

function sensorsOf(farm: Farm): ReadonlyMap<string, Key> {
  const probes = zonesOf(farm).flatMap(({ soilProbe }) => (soilProbe === undefined ? [] : [soilProbe]));
  const gauges = (farm.sources ?? []).flatMap(({ tank, pressure, filter }) =>
    [tank, pressure, filter?.difference?.before, filter?.difference?.after].flatMap(
      (gauge) => gauge?.device ?? [],
    ),
  );
  return new Map([
    ...[...probes, ...farm.farmDevices].map((sensor) => [sensor, 'sensor_silent'] as const),
    ...gauges.map((gauge) => [gauge, 'gauge_silent'] as const),
  ]);
}
