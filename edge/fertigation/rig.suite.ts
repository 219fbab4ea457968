import type { AlarmRecord, JournalRecord, Reading } from '@nongtin/broker/wire';
import { seriesTimeNs } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect } from 'vitest';
import { checkFarm, type Farm, zonesOf } from '../farm/layout.ts';
import { loadLibrary } from '../irrigation/crop-water/library.ts';
import { Irrigation } from '../irrigation/service.ts';
import { documentedFarm } from './farm.suite.ts';
import { Fertigation } from './service.ts';

const START_MS = Date.UTC(2026, 10, 22, 22);
const LITRES_PER_MINUTE = 60;
const logger = pino({ enabled: false });
const person = { id: 'u1', name: 'Chị Năm' };
type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

/** A relay as it really is: it obeys what reaches it and stops by itself. */
interface Relay {
  isOn: boolean;
  endsMs: number;
  pulseMs: number;
  /** mL or litres. */
  given: number;
}

/** What outlives a restart. */
class MemoryJournal {
  readonly all: JournalRecord[] = [];
  isStuck = false;
  appendRecord = (record: JournalRecord): Promise<number> => {
    if (this.isStuck) return new Promise(() => {});
    this.all.push(record);
    return Promise.resolve(this.all.length);
  };
  of<K extends JournalRecord['kind']>(kind: K): RecordOf<K>[] {
    return this.all.filter((record): record is RecordOf<K> => record.kind === kind);
  }
  records = async <K extends JournalRecord['kind']>(kind: K, limit: number) =>
    this.of(kind).toReversed().slice(0, limit);
  newest = async <K extends JournalRecord['kind']>(kind: K, field: keyof RecordOf<K> & string) => {
    const found = this.of(kind).toReversed();
    return found.filter((record, n) => found.findIndex((one) => one[field] === record[field]) === n);
  };
  recordsAfter = async <K extends JournalRecord['kind']>(kind: K, after: number, limit: number) =>
    this.all
      .map((record, n) => ({ number: n + 1, record }))
      .filter((one): one is { number: number; record: RecordOf<K> } => one.record.kind === kind)
      .filter(({ number }) => number > after)
      .slice(0, limit);
}

/**
 * The documented farm with true relays of Tasmota, a meter and probes, on a clock that the test moves. Irrigation and fertigation
 * are wired as the gateway wires them.
 */
export class Rig {
  readonly journal = new MemoryJournal();
  readonly alarms: AlarmRecord[] = [];
  readonly relays = new Map<string, Relay>();
  /** Every command in the order in which it went out. */
  readonly sent: [topic: string, payload: string][] = [];
  probes: Record<string, { metric: string; value: number | null; quality: number }> = {
    'do-ec-1': { metric: 'water_ec', value: 1.2, quality: 0 },
    'do-ec-2': { metric: 'water_ec', value: 1.25, quality: 0 },
    'do-ph': { metric: 'water_ph', value: 6.4, quality: 0 },
  };
  /** True mL/s. */
  readonly rate = 12;
  meterSays: number | null = LITRES_PER_MINUTE;
  farm: Farm;
  ms = 0;
  irrigation!: Irrigation;
  fertigation!: Fertigation;
  #ticks: (() => void)[] = [];
  #numbers = 0;
  #starts = 0;

  constructor(edit: (farm: Farm) => void = () => {}) {
    const farm = documentedFarm();
    const [plot = expect.fail('the farm has a plot')] = farm.plots;
    const recipes: Farm['recipes'] = [
      {
        id: 'deu',
        name: 'Đều',
        mode: 'proportional',
        millilitresPerCubicMetre: { 'bon-a': 2000, 'bon-b': 2000 },
      },
    ];
    Object.assign(farm, { recipes });
    Object.assign(plot, { fertigation: { ...plot.fertigation, recipes: [{ recipe: 'deu' }] } });
    edit(farm);
    this.farm = checkFarm(farm, 'farm.json');
  }

  async start(): Promise<this> {
    const clock = { nowMs: () => START_MS + this.ms, monotonicMs: () => this.ms };
    const idPrefix = `boot-${++this.#starts}`;
    const shared = {
      ...{ clock, speed: 1, idPrefix, logger, journal: this.journal },
      publish: async (topic: string, payload: string) => this.#obey(topic, payload),
      timers: {
        after: () => () => {},
        every: (_: number, run: () => void) => {
          this.#ticks.push(run);
          return () => this.#ticks.splice(this.#ticks.indexOf(run), 1);
        },
      },
      alarms: {
        raise: (
          source: string,
          severity: AlarmRecord['severity'],
          reason: AlarmRecord['reason'],
          { condition = reason.key } = {},
        ) => {
          const alarm = {
            kind: 'alarm',
            alarmId: String(this.alarms.length),
            atMs: this.ms,
            state: 'active',
          };
          if (this.alarms.some((one) => one.source === source && one.point === condition)) return;
          this.alarms.push({ ...alarm, source, severity, reason, point: condition } as AlarmRecord);
        },
        clear: (source: string, key: string) => {
          const gone = this.alarms.filter((one) => one.source === source && one.point === key);
          for (const one of gone) this.alarms.splice(this.alarms.indexOf(one), 1);
        },
        list: () => this.alarms,
      },
    };
    let ids = 0;
    this.fertigation = new Fertigation({
      ...{ ...shared, farm: this.farm, library: loadLibrary(), calendarMs: clock.nowMs },
      newId: () => `${idPrefix}-${++ids}`,
      ...{ onChanged: () => {}, onDose: () => {} },
    });
    this.irrigation = new Irrigation({
      ...{ ...shared, zones: zonesOf(this.farm), sources: this.farm.sources ?? [] },
      wetTests: { readOnly: () => null, add: async () => {} },
      onStep: (state) => this.fertigation.onStep(state),
      onZone: () => {},
      onRun: (run) => this.fertigation.onRun(run),
    });
    await this.fertigation.start();
    await this.irrigation.start();
    return this;
  }

  /** As when the plug is pulled, and put in again: relays go on by themselves meanwhile. */
  async restart(): Promise<void> {
    this.fertigation.cutOff();
    this.irrigation.cutOff();
    this.#ticks = [];
    await this.start();
  }

  relay(name: string): Relay {
    const known = this.relays.get(name) ?? { isOn: false, endsMs: 0, pulseMs: 0, given: 0 };
    this.relays.set(name, known);
    return known;
  }

  /** mL that have come out of the tanks' pumps. */
  given(output: number): number {
    return this.relay(`bom-phan/${output}`).given;
  }

  get running(): string[] {
    return [...this.relays]
      .filter(([name, { isOn }]) => isOn && name.startsWith('bom'))
      .map(([name]) => name);
  }

  /** Second by second; everything speaks every fifth. */
  async wait(seconds: number, each: () => void = () => {}): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.ms += 1_000;
      for (const [name, relay] of this.relays) if (relay.isOn) this.#flow(name, relay);
      if ((this.ms / 1_000) % 5 === 0) this.speak();
      for (const tick of this.#ticks) tick();
      await new Promise((resolve) => setImmediate(resolve));
      each();
    }
  }

  /** Until a pump runs. */
  async untilDosing(): Promise<void> {
    for (let second = 0; second < 600 && this.running.length === 0; second++) await this.wait(1);
    expect(this.running).not.toEqual([]);
  }

  #flow(name: string, relay: Relay): void {
    relay.given += name.startsWith('bom') ? this.rate : LITRES_PER_MINUTE / 60;
    if (this.ms >= relay.endsMs) this.#turn(name, relay, false);
  }

  speak(): void {
    const { isOn, given } = this.relay('van-1/1');
    const flow = isOn ? this.meterSays : 0;
    if (flow !== null) this.says('flow', 'dong-ho', flow);
    if (flow !== null) this.says('volume', 'dong-ho', 1_000 + given);
    for (const [device, { metric, value, quality }] of Object.entries(this.probes))
      if (value !== null) this.says(metric as Reading['metric'], device, value, { quality });
  }

  says(metric: Reading['metric'], device: string, value: number, more: Partial<Reading> = {}): void {
    const reading: Reading = {
      ...{ metric, device, channel: '', value, quality: 0, receivedAtMs: START_MS + this.ms },
      timeNs: seriesTimeNs(START_MS + this.ms, ++this.#numbers),
      ...more,
    };
    this.fertigation.onReadings([reading]);
    this.irrigation.onReadings([reading]);
  }

  #obey(topic: string, payload: string): void {
    this.sent.push([topic, payload]);
    const [, device = '', command = ''] = topic.split('/');
    for (const part of command === 'Backlog0' ? payload.split(';') : [`${command} ${payload}`]) {
      const [, what, output = '1', value = ''] =
        /^(PulseTime|Power|PowerOnState)(\d*) (\S+)$/.exec(part) ?? [];
      const name = `${device}/${output || 1}`;
      const relay = this.relay(name);
      const pulse = Number(value);
      if (what === 'PulseTime') relay.pulseMs = pulse > 111 ? (pulse - 100) * 1_000 : pulse * 100;
      if (what !== 'Power') continue;
      relay.endsMs = this.ms + relay.pulseMs;
      this.#turn(name, relay, value === 'ON');
    }
  }

  #turn(name: string, relay: Relay, isOn: boolean): void {
    relay.isOn = isOn;
    const [device = '', output] = name.split('/');
    setImmediate(() => this.says('valve_open', device, Number(isOn), { channel: `POWER${output}` }));
  }

  /** A person's two runs into the cup, for both tanks, read as `calibratedRate` mL/s; and full tanks. */
  async ready(litres = 200, calibratedRate = this.rate): Promise<this> {
    await this.start();
    await this.wait(10);
    for (const tank of ['bon-a', 'bon-b']) {
      for (let run = 0; run < 2; run++) await this.cup(tank, 10 * calibratedRate);
      await this.fertigation.filled(tank, { litres }, person);
    }
    return this;
  }

  async cup(tank: string, millilitres: number) {
    const begun = this.fertigation.calibrate(tank, 10);
    const calibrationId = begun && 'done' in begun ? begun.done.calibrationId : '';
    await this.wait(12);
    return this.fertigation.measured(tank, { calibrationId, millilitres }, person);
  }

  /** Waters for so long. */
  async water(seconds = 1_200): Promise<void> {
    const asked = this.irrigation.request('khu-1', { kind: 'open', durationSeconds: seconds });
    await this.wait(5);
    expect(await asked).toMatchObject({ accepted: true });
  }

  head() {
    return this.fertigation.views()[0] ?? expect.fail('there is no head');
  }

  readonly person = person;
}
