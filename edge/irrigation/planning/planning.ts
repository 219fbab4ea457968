import type { AlarmRecord, JournalRecord, Reason, RunRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { type Farm, zonesOf } from '../../farm/layout.ts';
import { FarmWeather } from '../../farm-weather/farm-weather.ts';
import { isFitForControl } from '../../ingest/quality.ts';
import type { ControlReading } from '../controller/types.ts';
import type { Library } from '../crop-water/library.ts';
import { ProgramHolds } from '../holds.ts';
import type { Planned } from '../programs/conditions.ts';
import type { Irrigation } from '../service.ts';
import type { Timers } from '../timers.ts';
import type { ForecastFeed } from './forecast-feed.ts';
import { WateringHistory } from './history.ts';
import { Planner } from './planner.ts';
import { conditionsSite, modelledZones, programmedZones, siteOf } from './programmed.ts';
import type { Uptime } from './uptime.ts';
import { WaterLedger, type ZoneWaterView } from './water-ledger.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface PlanningOptions {
  /** As it is laid out now. */
  readonly farm: () => Farm;
  readonly library: Library;
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records<K extends JournalRecord['kind']>(kind: K, limit: number): Promise<readonly RecordOf<K>[]>;
  };
  readonly irrigation: Pick<Irrigation, 'zones' | 'plan'>;
  readonly alarms: {
    raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
    clear(source: string, key: string): void;
  };
  /** Undefined: none is configured. */
  readonly forecast: Pick<ForecastFeed, 'start' | 'stop' | 'latest' | 'state'> | undefined;
  readonly uptime: Uptime;
  /** The farm's calendar, UTC ms. */
  readonly calendarMs: () => number;
  readonly clock: { nowMs(): number; monotonicMs(): number; isTrusted(): boolean };
  readonly timers: Timers;
  /** How often programs are asked; default: every five seconds. */
  readonly askEveryMs?: number | undefined;
  readonly logger: Logger;
}

/** What a zone's program thinks, for people. */
export interface PlanView {
  readonly planned: Planned | null;
  readonly water: ZoneWaterView | null;
}

/** Why a probe is not believed (crop-water/assimilation.ts). */
const DOUBTS = ['probe_out_of_range', 'probe_flat', 'probe_jumps', 'probe_disagrees', 'probe_drifts'];
const ASK_EVERY_MS = 5_000;

/**
 * What decides about watering, ahead of the controller:
 *
 *   readings ──► farm weather ──► water ledger ─┐
 *   runs ──────────► history, ledger ───────────┼─► planner: program + conditions ──► irrigation.plan()
 *   people ────────► holds;  forecast ──────────┘
 */
export class Planning {
  readonly #options: PlanningOptions;
  readonly #weather: FarmWeather;
  readonly #ledger: WaterLedger;
  readonly #history: WateringHistory;
  readonly #planner: Planner;
  readonly holds: ProgramHolds;
  #cancel: () => void = () => {};

  constructor(options: PlanningOptions) {
    const {
      farm,
      library,
      journal,
      irrigation,
      forecast,
      uptime,
      calendarMs: nowMs,
      clock,
      logger,
    } = options;
    this.#options = options;
    this.holds = new ProgramHolds(journal, nowMs);
    this.#weather = new FarmWeather({ journal, devices: farm().farmDevices, nowMs, logger });
    this.#history = new WateringHistory({ journal, clock });
    this.#ledger = new WaterLedger({
      ...{ journal, weather: this.#weather, nowMs, logger },
      zones: () => modelledZones(farm(), library),
      site: () => siteOf(farm()),
      isClockTrusted: () => clock.isTrusted(),
      onProbe: (zone, disagreement) => this.#doubt(zone, disagreement),
    });
    this.#planner = new Planner({
      site: () => conditionsSite(farm()),
      turns: () => farm().waterTurns ?? [],
      zones: () => programmedZones(farm()),
      ...{ irrigation, weather: this.#weather, ledger: this.#ledger, holds: this.holds },
      ...{ history: this.#history, uptime },
      forecast: () => ({ latest: forecast?.latest() ?? null, problem: forecast?.state().problem ?? null }),
      ...{ nowMs, clock, logger },
    });
  }

  async start(): Promise<void> {
    await this.#weather.start();
    await this.#ledger.start();
    await this.#history.start();
    await this.holds.start();
    this.#options.uptime.start();
    this.#options.forecast?.start();
    this.#cancel = this.#options.timers.every(this.#options.askEveryMs ?? ASK_EVERY_MS, () => this.#tick());
  }

  stop(): void {
    this.#cancel();
    this.#options.uptime.stop();
    this.#options.forecast?.stop();
  }

  /** As when the plug is pulled: nothing is kept. */
  cutOff(): void {
    this.#cancel();
    this.#options.uptime.cutOff();
    this.#options.forecast?.stop();
  }

  onReadings(readings: readonly ControlReading[]): void {
    this.#weather.onReadings(readings);
    for (const { metric, device, value, quality } of readings) {
      if (metric !== 'soil_moisture' || !isFitForControl(quality)) continue;
      const zone = zonesOf(this.#options.farm()).find(({ soilProbe }) => soilProbe === device);
      if (zone) this.#ledger.onSoilMoisture(zone.id, value);
    }
  }

  onRun(run: RunRecord): void {
    this.#history.onRun(run);
    this.#ledger.onRun(run);
  }

  follow(farm: Farm): void {
    this.#weather.follow(farm.farmDevices);
  }

  view(zone: string): PlanView {
    return { planned: this.#planner.of(zone) ?? null, water: this.#ledger.view(zone) };
  }

  /** A probe that lies is told once; the model goes on without it. */
  #doubt(zone: string, disagreement: Reason | null): void {
    const { alarms } = this.#options;
    for (const key of DOUBTS) if (key !== disagreement?.key) alarms.clear(zone, key);
    if (disagreement) alarms.raise(zone, 'low', disagreement);
  }

  #tick(): void {
    this.#weather.tick();
    this.#ledger.tick();
    this.#planner.tick();
  }
}
