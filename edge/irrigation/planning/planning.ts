import type { AlarmRecord, JournalRecord, Reason, RunRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Farm } from '../../farm/layout.ts';
import { FarmWeather, type WeatherHour } from '../../farm-weather/farm-weather.ts';
import { isFitForControl } from '../../ingest/quality.ts';
import type { ControlReading, Wanted, ZoneState } from '../controller/types.ts';
import { WEATHER_DOUBTS } from '../crop-water/integrity.ts';
import type { Library } from '../crop-water/library.ts';
import { ProgramHolds } from '../holds.ts';
import { localDay } from '../programs/calendar.ts';
import type { Timers } from '../timers.ts';
import { daysOver } from './crop-season.ts';
import type { ForecastFeed } from './forecast-feed.ts';
import { Guard } from './guard.ts';
import { WateringHistory } from './history.ts';
import { Planner } from './planner.ts';
import {
  conditionsSite,
  hardwareOfProbes,
  modelledZones,
  programmedZones,
  siteOf,
  zonesOfProbes,
} from './programmed.ts';
import { type PlanView, ShownPlans } from './shown.ts';
import type { Uptime } from './uptime.ts';
import { WaterLedger } from './water-ledger.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface PlanningOptions {
  /** As it is laid out now. */
  readonly farm: () => Farm;
  readonly library: Library;
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records<K extends JournalRecord['kind']>(kind: K, limit: number): Promise<readonly RecordOf<K>[]>;
    newest(kind: 'program_hold', field: 'zone'): Promise<readonly RecordOf<'program_hold'>[]>;
  };
  readonly irrigation: {
    zone(id: string): ZoneState | undefined;
    plan(zone: string, wanted: Wanted | null, reason: Reason): void;
    obstacle(zone: string): Reason | undefined;
  };
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
  /** What people see of a zone's program or soil has changed; of one zone at most once a minute. */
  readonly onChanged: (zone: string) => void;
  readonly logger: Logger;
}

/** Why a probe is not believed (crop-water/assimilation.ts). */
const DOUBTS = ['probe_out_of_range', 'probe_flat', 'probe_jumps', 'probe_disagrees', 'probe_drifts'];
/** Source of alarms about the weather, whichever of the farm's devices measures it. */
const WEATHER = 'weather';
const ASK_EVERY_MS = 5_000;
/** Weeks of many cycles in many zones. */
const MOST_RUNS = 5_000;
/** Of the questions; of those asked every five seconds, once a minute. */
const LOOK_EVERY = 12;
const NOTHING_YET: PlanView = { program: null, water: null };

/**
 * What decides about watering, ahead of the controller:
 *
 *   readings ──► farm weather ──► water ledger ─┐
 *   runs ──────────► history, ledger ───────────┼─► planner: program + conditions ──► irrigation.plan()
 *   people ────────► holds;  forecast ──────────┘
 */
export class Planning {
  readonly #options: PlanningOptions;
  readonly #guard: Guard;
  readonly #weather: FarmWeather;
  readonly #ledger: WaterLedger;
  readonly #history: WateringHistory;
  readonly #planner: Planner;
  readonly #shown: ShownPlans;
  readonly holds: ProgramHolds;
  /** By zone, the probe that is screwed in. */
  #probes: ReadonlyMap<string, string>;
  #isStarted = false;
  #isOver = false;
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
    const modelled = modelledZones(library);
    this.#options = options;
    this.#guard = new Guard(logger);
    // A valve that is about to open is not waited for.
    this.holds = new ProgramHolds(journal, nowMs, () => this.#ask());
    this.#probes = hardwareOfProbes(farm());
    this.#weather = new FarmWeather({ journal, devices: farm().farmDevices, nowMs, logger });
    this.#history = new WateringHistory({ clock });
    this.#ledger = new WaterLedger({
      ...{ journal, weather: this.#weather, nowMs, logger },
      zones: () => modelled(farm()),
      site: () => siteOf(farm()),
      isClockTrusted: () => clock.isTrusted(),
      onProbe: (zone, disagreement) => this.#doubt(zone, disagreement),
      onWeather: (doubts) => this.#doubtWeather(doubts),
    });
    this.#planner = new Planner({
      site: () => conditionsSite(farm()),
      cropOverDays: (zone) => {
        const model = modelled(farm()).get(zone);
        return model ? daysOver(model, localDay(conditionsSite(farm()).timeZone, nowMs())) : 0;
      },
      turns: () => farm().waterTurns ?? [],
      zones: () => programmedZones(farm()).values(),
      ...{ irrigation, weather: this.#weather, ledger: this.#ledger, holds: this.holds },
      ...{ history: this.#history, uptime },
      forecast: () => ({ latest: forecast?.latest() ?? null, problem: forecast?.state().problem ?? null }),
      ...{ nowMs, clock, logger },
    });
    this.#shown = new ShownPlans({
      ...{ farm, holds: this.holds, onChanged: options.onChanged, logger },
      planned: (zone) => this.#planner.of(zone),
      water: (zone) => this.#ledger.view(zone),
    });
  }

  /** Hours of the farm's own weather that began in [fromMs, toMs), of its calendar. */
  weatherHours(fromMs: number, toMs: number): readonly WeatherHour[] {
    return this.#weather.hours(fromMs, toMs);
  }

  async start(): Promise<void> {
    const runs = (await this.#options.journal.records('run', MOST_RUNS)).toReversed();
    await this.#weather.start();
    await this.#ledger.start(runs);
    this.#history.start(runs);
    await this.holds.start();
    this.#options.uptime.start();
    this.#options.forecast?.start();
    this.#isStarted = true;
    const { timers, askEveryMs = ASK_EVERY_MS } = this.#options;
    const ends = [
      timers.every(askEveryMs, () => this.#tick()),
      timers.every(askEveryMs * LOOK_EVERY, () => this.#guarded('what is shown', () => this.#shown.look())),
    ];
    this.#cancel = () => {
      for (const end of ends) end();
    };
    this.#shown.look();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
    this.#options.uptime.stop();
    this.#options.forecast?.stop();
  }

  /** As when the plug is pulled: nothing is kept. */
  cutOff(): void {
    this.#isOver = true;
    this.#cancel();
    this.#options.uptime.cutOff();
    this.#options.forecast?.stop();
  }

  onReadings(readings: readonly ControlReading[]): void {
    this.#guarded('readings', () => {
      this.#weather.onReadings(readings);
      for (const { metric, device, value, quality } of readings) {
        if (metric !== 'soil_moisture' || !isFitForControl(quality)) continue;
        const probed = zonesOfProbes(this.#options.farm()).get(device) ?? [];
        for (const { id } of probed) this.#ledger.onSoilMoisture(id, value);
      }
    });
  }

  onRun(run: RunRecord): void {
    this.#guarded('a run', () => {
      this.#history.onRun(run);
      this.#ledger.onRun(run);
      this.#shown.forget(run.zone);
    });
  }

  follow(farm: Farm): void {
    this.#weather.follow(farm.farmDevices);
    const before = this.#probes;
    this.#probes = hardwareOfProbes(farm);
    for (const [zone, probe] of before) if (this.#probes.get(zone) !== probe) this.#ledger.forgetProbe(zone);
    if (!this.#isStarted) return;
    this.#ask();
    this.#guarded('what is shown', () => this.#shown.look());
  }

  /** Before the start nothing is known. */
  view(zone: string): PlanView {
    return this.#isStarted ? this.#shown.of(zone) : NOTHING_YET;
  }

  /** A person believes the zone's probe rather than the model (WaterLedger). */
  async believeProbe(zone: string, by: string): ReturnType<WaterLedger['believeProbe']> {
    const answer = await this.#ledger.believeProbe(zone, by);
    this.#shown.forget(zone);
    return answer;
  }

  /** The farm's calendar, UTC ms: by it programs are paused. */
  nowMs(): number {
    return this.#options.calendarMs();
  }

  /** How the last look at the forecast went; null: none is configured. */
  forecast(): ReturnType<ForecastFeed['state']> | null {
    return this.#options.forecast?.state() ?? null;
  }

  /** A probe that lies is told once; the model goes on without it. */
  #doubt(zone: string, disagreement: Reason | null): void {
    const { alarms } = this.#options;
    for (const key of DOUBTS) if (key !== disagreement?.key) alarms.clear(zone, key);
    if (disagreement) alarms.raise(zone, 'low', disagreement);
  }

  /** Sensors of the weather station that say what cannot be. */
  #doubtWeather(doubts: readonly Reason[]): void {
    const { alarms } = this.#options;
    for (const key of WEATHER_DOUBTS) {
      const reason = doubts.find((doubt) => doubt.key === key);
      if (reason) alarms.raise(WEATHER, 'low', reason);
      else alarms.clear(WEATHER, key);
    }
  }

  #tick(): void {
    this.#guarded('weather', () => this.#weather.tick());
    this.#guarded('the water balance', () => this.#ledger.tick());
    this.#ask();
  }

  #ask(): void {
    if (this.#isStarted && !this.#isOver) this.#guarded('programs', () => this.#planner.tick());
  }

  /** Whatever goes wrong in here, readings go on to be kept and valves to be closed. */
  #guarded(what: string, work: () => void): void {
    this.#guard.run(what, 'planning has failed: its programs do not go on', work);
  }
}
