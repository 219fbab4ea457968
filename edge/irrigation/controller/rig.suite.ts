import {
  type AlarmRecord,
  type HandsOffRecord,
  quality,
  type Reason,
  type ValveCommand,
} from '@nongtin/broker/wire';
import type { Zone } from '../../farm/layout.ts';
import { partsOf, type Source } from '../sources/schema.ts';
import type { PartName } from '../sources/state.ts';
import type { Instant } from '../time.ts';
import { testController } from './controller.suite.ts';
import { begin, step } from './controller.ts';
import { restoredFrom } from './restore.ts';
import type { Action, ControllerEvent, ControllerState, IntentRecord, ValveReport } from './types.ts';

/**
 * Devices as they are, around the controller: each closes by its own timer, takes an id once, forgets everything at a reboot and
 * speaks over a link that delays, loses and repeats. The water is real: a valve lets some through when it is open and the pump
 * before it runs. Whoever judges looks at the devices, not at what the controller believes.
 */
export interface RigOptions {
  readonly zones: readonly Zone[];
  readonly sources?: readonly Source[];
  readonly programs?: readonly string[];
  readonly random: () => number;
  /** Of messages; 0 to 1. */
  readonly loss?: number;
  readonly duplicates?: number;
  readonly longestDelayMs?: number;
}

interface Device {
  readonly name: string;
  /** One of ours: takes an id once and names it. */
  readonly isOurs: boolean;
  /** Absent: a pump or master valve. */
  readonly zone: Zone | undefined;
  isOn: boolean;
  endsMs: number;
  onSinceMs: number;
  heard: Set<string>;
  commandId: string | undefined;
  cause: ValveReport['cause'];
  litres: number;
  nextReportMs: number;
  /** Nothing goes to it or comes from it until then. */
  awayUntilMs: number;
  /** It says what it is told, and lets no water through. */
  isJammed: boolean;
  /** When the last message to it arrives: messages of one connection keep their order. */
  lastInMs: number;
  lastOutMs: number;
}

interface Letter {
  readonly atMs: number;
  readonly deliver: () => void;
}

export class Rig {
  readonly options: RigOptions;
  readonly config: ReturnType<typeof testController>['config'];
  readonly devices = new Map<string, Device>();
  readonly actions: Action[] = [];
  /** Run id → its intent, once it is on the disk. */
  readonly durable = new Map<string, IntentRecord>();
  readonly runs: Extract<Action, { kind: 'journal_run' }>['record'][] = [];
  readonly handsOff: HandsOffRecord[] = [];
  readonly alarms = new Map<
    string,
    { source: string; key: string; figures: Record<string, string | number> }
  >();
  /** As the journal keeps them, oldest first. */
  readonly alarmRecords: AlarmRecord[] = [];
  /** What was physically begun: run ids by decision and cycle. */
  readonly watered = new Map<string, Set<string>>();
  state: ControllerState = { zones: {}, sources: {}, issued: 0 };
  nowMs = 1_000_000;
  utcMs = 1_800_000_000_000;
  /** Null: the gateway is down. */
  upSinceMs: number | null = null;
  tankPercent = 80;
  /** Whatever pump and gauges say, no water comes. */
  isDrySource = false;
  /** A gauge at the pump tells its pressure twice a minute. */
  hasGauge = false;
  /** How often the level is told. */
  levelEverySeconds = 1;
  /** How often the controller was told something. */
  events = 0;
  #boots = 0;
  #letters: Letter[] = [];
  #nextTickMs = 0;
  #nextLevelMs = 0;
  #nextPressureMs = 0;
  #gatewayEpoch = 0;

  constructor(options: RigOptions) {
    this.options = options;
    this.config = testController({
      ...{ zones: options.zones, sources: options.sources ?? [], programs: options.programs ?? [] },
    }).config;
    for (const zone of options.zones) this.#add(nameOf(zone.valve), typeof zone.valve === 'string', zone);
    for (const source of options.sources ?? [])
      for (const [, valve] of partsOf(source)) this.#add(nameOf(valve), typeof valve === 'string', undefined);
    this.boot();
  }

  #add(name: string, isOurs: boolean, zone: Zone | undefined): void {
    this.devices.set(name, {
      ...{ name, isOurs, zone, isOn: false, endsMs: 0, onSinceMs: 0, heard: new Set(), commandId: undefined },
      ...{ cause: 'boot', litres: 100, nextReportMs: 0, awayUntilMs: 0, lastInMs: 0, lastOutMs: 0 },
      isJammed: false,
    });
  }

  get now(): Instant {
    return { realMs: this.nowMs, farmMs: this.nowMs, atMs: this.utcMs };
  }

  /** The gateway starts: what it knew is gone, the journal is not. */
  boot(): void {
    this.upSinceMs = this.nowMs;
    const config = { ...this.config, idPrefix: `boot${++this.#boots}` };
    Object.assign(this.config, config);
    const restored = this.#restored();
    const first = begin(this.config, restored, this.now);
    this.state = first.state;
    this.#carryOut(first.actions);
  }

  crash(): void {
    this.upSinceMs = null;
    this.#gatewayEpoch += 1;
    this.state = { zones: {}, sources: {}, issued: 0 };
  }

  #restored() {
    const isActive = ({ state, source, reason }: AlarmRecord) =>
      state === 'active' && this.alarms.has(`${source} ${reason.key}`);
    const { pauseRealSeconds, handsOffRealSeconds } = this.config;
    return restoredFrom(
      {
        ...{ runs: this.runs.toReversed(), intents: [...this.durable.values()].reverse() },
        ...{ handsOff: this.handsOff.toReversed(), alarmChanges: this.alarmRecords.toReversed() },
        alarms: this.alarmRecords.filter(isActive),
      },
      {
        ...{ nowMs: this.utcMs, pauseMs: pauseRealSeconds * 1000 },
        handsOffMs: handsOffRealSeconds * 1000,
      },
    );
  }

  send(event: ControllerEvent): void {
    if (this.upSinceMs === null) return;
    this.events += 1;
    const next = step(this.state, event, this.config);
    this.state = next.state;
    this.#carryOut(next.actions);
  }

  /** Lets time pass in steps of a quarter second; `look` is called after each. */
  pass(seconds: number, look: () => void = () => {}): void {
    const endMs = this.nowMs + seconds * 1000;
    while (this.nowMs < endMs) {
      this.nowMs += STEP_MS;
      this.utcMs += STEP_MS;
      this.#devicesAct();
      this.#deliverLetters();
      if (this.upSinceMs !== null && this.nowMs >= this.#nextTickMs) {
        this.#nextTickMs = this.nowMs + 1000;
        this.#tellLevels();
        this.#tellPressures();
        this.send({ kind: 'tick', now: this.now });
      }
      look();
    }
  }

  #tellLevels(): void {
    if (this.nowMs < this.#nextLevelMs) return;
    this.#nextLevelMs = this.nowMs + this.levelEverySeconds * 1000;
    const level = { what: 'level', value: this.tankPercent, quality: quality.good } as const;
    for (const { id } of this.options.sources ?? [])
      this.send({ kind: 'measured', source: id, ...level, now: this.now });
  }

  #tellPressures(): void {
    if (!this.hasGauge || this.nowMs < this.#nextPressureMs) return;
    this.#nextPressureMs = this.nowMs + 30_000;
    for (const { id } of this.options.sources ?? []) {
      const pressure = { what: 'pressure', value: this.hasWater(id) ? 300 : 0, quality: 0 } as const;
      this.send({ kind: 'measured', source: id, ...pressure, now: this.now });
    }
  }

  /** The device loses its power for so long: it closes, and forgets. */
  reboot(name: string, seconds: number): void {
    const device = this.device(name);
    Object.assign(device, { isOn: false, heard: new Set(), commandId: undefined, cause: 'boot' });
    device.awayUntilMs = this.nowMs + seconds * 1000;
    device.nextReportMs = device.awayUntilMs;
  }

  /** Its radio is gone for so long. */
  silence(name: string, seconds: number): void {
    this.device(name).awayUntilMs = this.nowMs + seconds * 1000;
  }

  device(name: string): Device {
    const device = this.devices.get(name);
    if (device === undefined) throw new Error(`no device ${name}`);
    return device;
  }

  valve(zone: string): Device {
    return this.device(nameOf(this.options.zones.find(({ id }) => id === zone)?.valve));
  }

  /** Water runs through this valve. */
  #flows({ isOn, isJammed, zone }: Device): boolean {
    return isOn && !isJammed && zone !== undefined && this.hasWater(zone.source);
  }

  /** The pump runs, or there is none, and the master valve is open, or there is none. */
  hasWater(source: string | undefined): boolean {
    if (source !== undefined && this.isDrySource) return false;
    const known = this.options.sources?.find(({ id }) => id === source);
    return [known?.pump, known?.masterValve].every(
      (part) => part === undefined || this.device(nameOf(part.valve)).isOn,
    );
  }

  #devicesAct(): void {
    for (const device of this.devices.values()) {
      if (device.isOn && this.nowMs >= device.endsMs) {
        Object.assign(device, { isOn: false, cause: 'lease_ended' });
        this.#report(device);
      }
      if (this.#flows(device))
        device.litres += ((device.zone?.nominalFlowLitresPerMinute ?? 0) * STEP_MS) / 60_000;
      if (this.nowMs >= device.nextReportMs && this.nowMs >= device.awayUntilMs) {
        const isBack = device.nextReportMs === device.awayUntilMs && device.cause === 'boot';
        device.nextReportMs = this.nowMs + 2_000;
        if (isBack) this.#online(device);
        this.#report(device, 'periodic');
      }
    }
  }

  #online(device: Device): void {
    const { zone } = device;
    this.#toGateway(device, () => {
      if (zone) this.send({ kind: 'online', zone: zone.id, now: this.now });
      for (const [source, part] of this.#partsOf(device.name))
        this.send({ kind: 'part_online', source, part, now: this.now });
    });
  }

  #partsOf(name: string): [string, PartName][] {
    return (this.options.sources ?? []).flatMap((source) =>
      partsOf(source).flatMap(([part, valve]): [string, PartName][] =>
        nameOf(valve) === name ? [[source.id, part]] : [],
      ),
    );
  }

  #report(device: Device, cause: ValveReport['cause'] = device.cause): void {
    const { isOn, zone, litres, isOurs } = device;
    const commandId = isOurs ? device.commandId : undefined;
    const flowLitresPerMinute = this.#flows(device) ? (zone?.nominalFlowLitresPerMinute ?? 0) : 0;
    this.#toGateway(device, () => {
      if (zone) {
        const report = {
          state: isOn ? ('open' as const) : ('closed' as const),
          ...{ cause: isOurs ? cause : 'periodic', commandId },
          ...{ flowLitresPerMinute, totalLitres: litres },
        } as const;
        this.send({ kind: 'valve', zone: zone.id, report, now: this.now });
      }
      for (const [source, part] of this.#partsOf(device.name))
        this.send({ kind: 'part', source, part, isOn, commandId, now: this.now });
    });
  }

  #toGateway(device: Device, deliver: () => void): void {
    if (this.nowMs < device.awayUntilMs) return;
    this.#post(device, 'lastOutMs', () => {
      if (this.upSinceMs !== null) deliver();
    });
  }

  #toDevice(name: string, command: ValveCommand): void {
    const device = this.device(name);
    this.#post(device, 'lastInMs', () => {
      if (this.nowMs >= device.awayUntilMs) this.#obey(device, command);
    });
  }

  #obey(device: Device, command: ValveCommand): void {
    if (device.isOurs && device.heard.has(command.id)) {
      this.#report(device, 'periodic');
      return;
    }
    device.heard.add(command.id);
    device.commandId = command.id;
    if (command.action === 'open') {
      if (!device.isOn) device.onSinceMs = this.nowMs;
      Object.assign(device, {
        isOn: true,
        endsMs: this.nowMs + command.durationSeconds * 1000,
        cause: 'command',
      });
      this.#noteWatering(command.id);
    } else Object.assign(device, { isOn: false, cause: 'command' });
    this.#report(device);
  }

  #noteWatering(commandId: string): void {
    const runId = commandId.replace(/~\d+$/, '');
    const { decisionId, cycle } = this.durable.get(runId) ?? {};
    if (decisionId === undefined) return;
    const key = `${decisionId}#${cycle}`;
    this.watered.set(key, (this.watered.get(key) ?? new Set()).add(runId));
  }

  #post(device: Device, order: 'lastInMs' | 'lastOutMs', deliver: () => void): void {
    const { random, loss = 0, duplicates = 0, longestDelayMs = 500 } = this.options;
    if (random() < loss) return;
    const atMs = Math.max(device[order], this.nowMs + random() * longestDelayMs);
    device[order] = atMs;
    this.#letters.push({ atMs, deliver });
    if (random() < duplicates) this.#letters.push({ atMs: atMs + 1, deliver });
  }

  #deliverLetters(): void {
    const due = this.#letters.filter(({ atMs }) => atMs <= this.nowMs);
    if (due.length === 0) return;
    this.#letters = this.#letters.filter(({ atMs }) => atMs > this.nowMs);
    for (const { deliver } of due.sort((one, other) => one.atMs - other.atMs)) deliver();
  }

  #noteAlarm(source: string, reason: Reason, state: 'active' | 'cleared'): void {
    const known = { alarmId: `${this.alarmRecords.length}`, atMs: this.utcMs, severity: 'high' } as const;
    this.alarmRecords.push({ kind: 'alarm', ...known, state, source, reason });
  }

  #carryOut(actions: readonly Action[]): void {
    this.actions.push(...actions);
    const epoch = this.#gatewayEpoch;
    for (const action of actions) {
      if (action.kind === 'command') this.#toDevice(action.valve, action.command);
      if (action.kind === 'part_command') {
        const source = this.options.sources?.find(({ id }) => id === action.source);
        this.#toDevice(partOf(source, action.part), action.command);
      }
      if (action.kind === 'journal_run') this.runs.push(action.record);
      if (action.kind === 'journal_hands_off') this.handsOff.push(action.record);
      const source = action.kind === 'raise_alarm' || action.kind === 'clear_alarm' ? action.zone : '';
      if (action.kind === 'raise_alarm') {
        const { key, figures } = action.reason;
        if (!this.alarms.has(`${source} ${key}`)) this.#noteAlarm(source, action.reason, 'active');
        this.alarms.set(`${source} ${key}`, { source, key, figures });
      }
      if (action.kind === 'clear_alarm' && this.alarms.delete(`${source} ${action.key}`))
        this.#noteAlarm(source, { key: action.key, figures: {} }, 'cleared');
      if (action.kind !== 'journal_intent') continue;
      const { record } = action;
      const atMs = this.nowMs + this.options.random() * 400;
      this.#letters.push({
        atMs,
        deliver: () => {
          // What was not on the disk when the gateway died never was.
          if (epoch !== this.#gatewayEpoch) return;
          this.durable.set(record.runId, record);
          this.send({ kind: 'intent_durable', zone: record.zone, runId: record.runId, now: this.now });
        },
      });
    }
  }
}

const STEP_MS = 250;

function nameOf(valve: Zone['valve'] | undefined): string {
  if (valve === undefined) return '';
  if (typeof valve === 'string') return valve;
  return 'output' in valve && valve.output !== undefined ? `${valve.device}/${valve.output}` : valve.device;
}

function partOf(source: Source | undefined, part: PartName): string {
  return nameOf(source && partsOf(source).find(([name]) => name === part)?.[1]);
}
