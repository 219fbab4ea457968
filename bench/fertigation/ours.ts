import { type AlarmRecord, type Reading, type RunRecord, topicOf } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { addressOf } from '../../edge/fertigation/book.ts';
import { readSeason } from '../../edge/fertigation/season-journal.ts';
import { Fertigation } from '../../edge/fertigation/service.ts';
import type { HeadView } from '../../edge/fertigation/view.ts';
import type { ControllerState } from '../../edge/irrigation/controller/types.ts';
import { loadLibrary } from '../../edge/irrigation/crop-water/library.ts';
import { MemoryJournal } from '../farm/memory-journal.ts';
import type { Controller, Heard, OpenRun } from './controller.ts';
import { farmIn, HEAD, pumpOf } from './farm.ts';
import type { FilledUp } from './plant.ts';
import { type Stage, stages } from './season.ts';
import { CAPACITY_LITRES, calibrated, type TankId, tankIds } from './worlds.ts';

const logger = pino({ enabled: false });
const library = loadLibrary();
const person = { id: 'u1', name: 'Năm' };
const pumps = new Map(tankIds.map((tank) => [topicOf('valveCommand', pumpOf(tank)), tank]));
const CUP_SECONDS = 30;
/** People fill a tank of which the page says that it is enough for less. */
const LEAST_DAYS = 2;

type Watering = OpenRun & { readonly startedAtMs: number };

/**
 * The gateway's own fertigation, from proven flow to the nutrient ledger: what is durable here is what it writes into its journal, in
 * memory. In place of the rest of the gateway stands what its irrigation controller would say.
 */
export class Ours implements Controller {
  readonly name = 'ours';
  readonly #tell: (tank: TankId, seconds: number, commandId: string) => void;
  readonly #startMs: number;
  #journal = new MemoryJournal('bench');
  #fertigation!: Fertigation;
  #tick: () => void = () => {};
  #starts = 0;
  #nowMs: number;
  #stage: Stage;
  #run: Watering | null = null;
  readonly #alarms = new Map<string, AlarmRecord>();
  /** Tanks that an alarm has named as empty: people fill them, whatever becomes of the alarm. */
  readonly #asked = new Set<TankId>();
  /** What it shows of its head; null: it has changed since. */
  #shown: HeadView | null = null;

  constructor(startMs: number, tell: (tank: TankId, seconds: number, commandId: string) => void) {
    this.#tell = tell;
    this.#startMs = startMs;
    this.#nowMs = startMs;
    const [first] = stages;
    if (first === undefined) throw new RangeError('a season has stages');
    this.#stage = first;
  }

  /** Its pumps have been measured and its tanks are full. */
  async start(): Promise<void> {
    for (const tank of farmIn(this.#stage).heads?.[0]?.tanks ?? []) {
      const id = tank.id as TankId;
      const run = { seconds: CUP_SECONDS, millilitres: CUP_SECONDS * calibrated[id], waterLitres: 0 };
      const by = { recordedBy: person.id, recordedByName: person.name };
      await this.#journal.appendRecord({
        ...{
          kind: 'dose_calibration',
          atMs: this.#nowMs - 1,
          head: HEAD,
          tank: id,
          address: addressOf(tank),
        },
        ...{ millilitresPerSecond: calibrated[id], millilitresPerLitre: null, runs: [run, run], ...by },
      });
    }
    await this.#begin();
    for (const tank of tankIds)
      await this.#fertigation.filled(tank, { litres: CAPACITY_LITRES[tank] }, person);
  }

  async second({ nowMs, run, probes }: Heard): Promise<void> {
    this.#nowMs = nowMs;
    const before = this.#run;
    if (run !== null && run.stage !== this.#stage) {
      this.#stage = run.stage;
      this.#fertigation.follow(farmIn(run.stage));
    }
    this.#run = run && { ...run, startedAtMs: before?.runId === run.runId ? before.startedAtMs : nowMs };
    if (probes !== null) this.#fertigation.onReadings(probed(probes));
    if (probes !== null || before?.runId !== run?.runId) this.#fertigation.onStep(this.#irrigation());
    this.#tick();
    if (before !== null && before.runId !== run?.runId) await this.#watered(before);
    // What was appended is durable.
    await null;
  }

  pump(tank: TankId, isRunning: boolean, commandId: string): void {
    const report = { state: isRunning ? 'open' : 'closed', cause: 'command', commandId };
    const payload = JSON.stringify({ ...report, flowLitresPerMinute: 0, totalLitres: 0 });
    this.#fertigation.onMessage(topicOf('valveState', pumpOf(tank)), new TextEncoder().encode(payload));
  }

  async filledUp({ tank, beforeMillilitres, afterMillilitres }: FilledUp, nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    // A barrel is full at its brim.
    const litres = Math.min(CAPACITY_LITRES[tank], afterMillilitres / 1_000);
    const litresBefore = beforeMillilitres / 1_000;
    const answer = await this.#fertigation.filled(tank, { litres, litresBefore }, person);
    if (answer === undefined || 'refused' in answer) throw new Error(`tank ${tank} was not taken`);
    this.#asked.delete(tank);
  }

  async restart(nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    this.#fertigation.cutOff();
    this.#journal = this.#journal.cutOff('bench');
    await this.#begin();
  }

  asksFor(): TankId[] {
    this.#shown = null;
    const low = this.#view().tanks.filter(({ daysLeft }) => daysLeft !== null && daysLeft < LEAST_DAYS);
    return [...new Set([...this.#asked, ...low.map(({ tank }) => tank as TankId)])];
  }

  ecTarget(): number | null {
    const { state, dose } = this.#view();
    return state === 'dosing' ? (dose?.ecTarget ?? null) : null;
  }

  async ledger(): Promise<Record<TankId, number>> {
    return this.#given(({ millilitres }) => millilitres);
  }

  /** What the books say before anybody takes stock: seconds times the rate that was believed. */
  async bookedLedger(): Promise<Record<TankId, number>> {
    return this.#given(({ bookedMillilitres }) => bookedMillilitres);
  }

  get isLocked(): boolean {
    return this.#view().state === 'locked';
  }

  async unlock(): Promise<void> {
    await this.#fertigation.unlock(HEAD, person);
  }

  /** From the journal alone, as a start reads it. */
  async #given(of: (tank: { readonly millilitres: number; readonly bookedMillilitres: number }) => number) {
    const season = await readSeason(this.#journal, (tank) => tank === 'acid', 0);
    const sums = { acid: 0, a: 0, b: 0 };
    for (const { tanks } of season.doses(0)) for (const one of tanks) sums[one.tank as TankId] += of(one);
    return sums;
  }

  #view(): HeadView {
    this.#shown ??= this.#fertigation.views()[0] ?? null;
    if (this.#shown === null) throw new Error('there is no head');
    return this.#shown;
  }

  async #begin(): Promise<void> {
    const idPrefix = `boot-${++this.#starts}`;
    const clock = { nowMs: () => this.#nowMs, monotonicMs: () => this.#nowMs - this.#startMs };
    let ids = 0;
    this.#fertigation = new Fertigation({
      ...{ farm: farmIn(this.#stage), library, speed: 1, journal: this.#journal, clock, idPrefix, logger },
      calendarMs: clock.nowMs,
      publish: async (topic, payload) => this.#command(topic, payload),
      alarms: {
        raise: (source, severity, reason, { condition } = { condition: reason.key }) => {
          this.#alarms.set(condition, { state: 'active', source, severity, reason } as AlarmRecord);
          if (reason.key === 'dose_limit_tank') this.#asked.add(reason.figures.tank as TankId);
        },
        clear: (_source, condition) => this.#alarms.delete(condition),
        list: () => [...this.#alarms.values()],
      },
      newId: () => `${idPrefix}-${++ids}`,
      timers: {
        after: () => () => {},
        every: (_ms, run) => {
          this.#tick = run;
          return () => {};
        },
      },
      onChanged: () => {
        this.#shown = null;
      },
      onDose: () => {},
    });
    this.#shown = null;
    await this.#fertigation.start();
  }

  #command(topic: string, payload: string): void {
    const tank = pumps.get(topic);
    if (tank === undefined) return;
    const { id, durationSeconds = 0 } = JSON.parse(payload) as { id: string; durationSeconds?: number };
    this.#tell(tank, durationSeconds, id);
  }

  async #watered({ plot, runId, startedAtMs, passedLitres, litres }: Watering): Promise<void> {
    const seconds = Math.round((this.#nowMs - startedAtMs) / 1_000);
    const record: RunRecord = {
      ...{
        kind: 'run',
        runId,
        zone: plot.id,
        valve: `valve-${plot.id}`,
        startedAtMs,
        endedAtMs: this.#nowMs,
      },
      ...{
        plannedSeconds: seconds,
        actualSeconds: seconds,
        plannedLitres: litres,
        measuredLitres: passedLitres,
      },
      ...{ soilMoistureBefore: null, soilMoistureAfter: null, outcome: 'completed', proof: 'metered' },
      reason: { key: 'program', figures: {} },
    };
    await this.#journal.appendRecord(record);
    this.#fertigation.onRun(record);
  }

  /** Of what the controller knows, what a head looks at: one open zone that its meter proves, or none. */
  #irrigation(): ControllerState {
    const ms = this.#nowMs - this.#startMs;
    const now = { realMs: ms, farmMs: ms, atMs: this.#nowMs };
    const run = this.#run;
    const source = {
      lock: null,
      suspicion: null,
      flushValve: null,
      filter: null,
      pump: null,
      masterValve: null,
    };
    const zones =
      run === null
        ? {}
        : {
            [run.plot.id]: {
              id: run.plot.id,
              valve: { open: true, flowLitresPerMinute: run.litresPerMinute, flowSeen: now },
              phase: {
                ...{ name: 'running', proof: 'metered', oddFlow: null },
                openedAt: { ...now, farmMs: run.startedAtMs - this.#startMs },
                run: {
                  ...{ runId: run.runId, source: 'program', plannedSeconds: 86_400 },
                  wanted: { litres: run.litres },
                  tally: { before: 0, highest: run.passedLitres, isTold: true },
                },
              },
            },
          };
    return {
      issued: 0,
      sources: { well: { ...source, stage: 'idle' } },
      zones,
    } as unknown as ControllerState;
  }
}

function probed({
  ec,
  ph,
}: NonNullable<Heard['probes']>): Pick<Reading, 'metric' | 'device' | 'channel' | 'value' | 'quality'>[] {
  const said = (metric: Reading['metric'], name: string) => (value: number | null, index: number) =>
    value === null ? [] : [{ metric, device: `${name}-${index + 1}`, channel: '', value, quality: 0 }];
  return [...ec.flatMap(said('water_ec', 'ec')), ...ph.flatMap(said('water_ph', 'ph'))];
}
