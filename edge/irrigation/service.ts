import {
  type AlarmRecord,
  type JournalRecord,
  type Reason,
  type RunRecord,
  type Settings,
  topicOf,
  ValveState,
} from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import type { Command } from '../actuators/index.ts';
import { valveDevice, type Zone as ZoneLayout } from '../farm/layout.ts';
import { farmClock } from './clock.ts';
import { begin, step } from './controller.ts';
import { ForeignReports } from './reports.ts';
import { restore } from './restore.ts';
import { type Changed, type SettingsAsker, settingsOf, ZoneSettings } from './settings.ts';
import {
  type Action,
  type ControllerConfig,
  type ControllerEvent,
  type ControllerState,
  type ControlReading,
  controllerDefaults,
  type Instant,
  type IntentRecord,
  type PastRecords,
  type RemoteOpening,
  type ZoneState,
} from './types.ts';
import { controlledZone, type DrivenZone, drivenZones } from './zones.ts';

interface IrrigationJournal extends PastRecords {
  appendRecord(record: JournalRecord): Promise<number>;
}

interface IrrigationOptions {
  readonly zones: readonly ZoneLayout[];
  readonly speed: number;
  readonly journal: IrrigationJournal;
  /** Publishes a command for a device, QoS 1. */
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly alarms: {
    raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
    clear(source: string, key: string): void;
    list(): readonly AlarmRecord[];
  };
  readonly clock: { nowMs(): number; monotonicMs(): number };
  /** Unique to this start of the gateway. */
  readonly idPrefix: string;
  readonly onZone: (zone: ZoneState) => void;
  readonly onRun: (run: RunRecord) => void;
  readonly logger: Logger;
}

export interface Answer {
  readonly accepted: boolean;
  readonly reason: Reason;
}

/** What somebody asks of a zone. */
export type Wish =
  | { readonly kind: 'open'; readonly durationSeconds: number; readonly remote?: RemoteOpening }
  | { readonly kind: 'stop'; readonly isRemote?: boolean }
  | { readonly kind: 'unlock' };

/** How a zone is watered, and who wants it so where that is not the farm's own file. */
export interface SettingsView extends Settings {
  readonly changed: { readonly by: string; readonly atMs: number } | null;
}

const TICK_MS = 250;
const valveState = Compile(ValveState);

/** The controller's shell: brings it what happens, carries out what it asks for. */
export class Irrigation {
  readonly #options: IrrigationOptions;
  #config: ControllerConfig;
  readonly #settings: ZoneSettings;
  readonly #now: () => Instant;
  readonly #zoneOfProbe: ReadonlyMap<string, string>;
  /** By zone. */
  readonly #driven: ReadonlyMap<string, DrivenZone>;
  readonly #zoneOfTopic: ReadonlyMap<string, string>;
  readonly #reports: ForeignReports;
  readonly #answers = new Map<string, (answer: Answer) => void>();
  #state: ControllerState = { zones: {}, issued: 0 };
  #requests = 0;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: IrrigationOptions) {
    const { zones, speed, idPrefix } = options;
    this.#options = options;
    this.#config = { ...controllerDefaults, zones: zones.map(controlledZone), speed, idPrefix };
    this.#settings = new ZoneSettings(options.journal, options.clock);
    this.#now = farmClock(options.clock, speed);
    this.#zoneOfProbe = new Map(zones.map((zone) => [zone.soilProbe, zone.id]));
    this.#driven = drivenZones(zones);
    this.#reports = new ForeignReports(zones);
    this.#zoneOfTopic = new Map(
      zones.flatMap(({ id, valve }) =>
        typeof valve === 'string' ? [[topicOf('valveState', valve), id] as const] : [],
      ),
    );
  }

  /** Begins with the sweep. Commands go out when the broker is up; they are repeated until answered. */
  async start(): Promise<void> {
    const { journal, alarms, clock } = this.#options;
    await this.#settings.start();
    this.#takeSettings();
    const pauseMs = this.#config.pauseRealSeconds * 1000;
    const restored = await restore(journal, alarms.list(), { nowMs: clock.nowMs(), pauseMs });
    const { state, actions } = begin(this.#config, restored, this.#now());
    this.#state = state;
    this.#isStopped = false;
    for (const action of actions) this.#carryOut(action);
    for (const zone of this.#driven.keys()) this.#provision(zone);
    this.#timer = setInterval(() => this.#happen({ kind: 'tick', now: this.#now() }), TICK_MS);
  }

  /** Closes what is open. Its run is recorded by the next start, which asks the meter. Once; again it does nothing. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#isStopped) return;
    // From here on nothing is decided any more, whatever still arrives.
    this.#isStopped = true;
    const open = Object.values(this.#state.zones).filter((zone) => 'run' in zone.phase);
    await Promise.allSettled(
      open.flatMap(({ id }) => {
        const commandId = `${this.#config.idPrefix}-stop-${id}`;
        const { actuator } = this.#driven.get(id) ?? {};
        return this.#send(actuator?.close({ commandId, atMs: this.#options.clock.nowMs() }) ?? []);
      }),
    );
  }

  onReadings(readings: readonly ControlReading[]): void {
    for (const { metric, device, value, quality } of readings) {
      const zone = metric === 'soil_moisture' ? this.#zoneOfProbe.get(device) : undefined;
      if (zone) this.#happen({ kind: 'moisture', zone, value, quality, now: this.#now() });
    }
    if (this.#reports.isIdle) return;
    const now = this.#now();
    for (const told of this.#reports.take(readings, now)) this.#happen({ kind: 'valve', ...told, now });
  }

  /**
   * Any message of the broker; a valve's report is read here, before it is durable: control waits for no disk.
   * What cannot be read is left to ingest, which keeps it.
   */
  onMessage(topic: string, payload: Uint8Array): void {
    const zone = this.#zoneOfTopic.get(topic);
    if (zone === undefined) return;
    const report = parseJson(payload);
    if (valveState.Check(report)) this.#happen({ kind: 'valve', zone, report, now: this.#now() });
  }

  onStatus(device: string, online: boolean): void {
    if (!online || this.#isStopped) return;
    for (const { zone } of this.#driven.values()) {
      if (valveDevice(zone.valve) !== device) continue;
      this.#happen({ kind: 'online', zone: zone.id, now: this.#now() });
      this.#provision(zone.id);
    }
  }

  /** A person's wish; the controller decides. Undefined when there is no such zone. */
  request(zone: string, wish: Wish): Promise<Answer> | undefined {
    if (this.#isStopped || this.#state.zones[zone] === undefined) return undefined;
    const requestId = `request-${++this.#requests}`;
    const answer = new Promise<Answer>((resolve) => this.#answers.set(requestId, resolve));
    this.#happen({ ...wish, zone, requestId, now: this.#now() });
    return answer;
  }

  /**
   * Changes how a zone is watered, within what the farm's file allows. Resolves when the change is durable and in force.
   * Undefined when there is no such zone.
   */
  change(zone: string, wish: Partial<Settings>, asker: SettingsAsker): Promise<Changed> | undefined {
    const layout = this.#options.zones.find(({ id }) => id === zone);
    if (this.#isStopped || layout === undefined) return undefined;
    return this.#settings.change(layout, wish, asker).then((changed) => {
      this.#takeSettings();
      const state = this.#state.zones[zone];
      if (changed.changed && state) this.#options.onZone(state);
      return changed;
    });
  }

  /** Undefined when there is no such zone. */
  settings(zone: string): SettingsView | undefined {
    const layout = this.#options.zones.find(({ id }) => id === zone);
    if (layout === undefined) return undefined;
    const change = this.#settings.changeOf(layout);
    const changed = change ? { by: change.changedBy, atMs: change.atMs } : null;
    return { ...settingsOf(this.#settings.apply(layout)), changed };
  }

  #takeSettings(): void {
    const zones = this.#options.zones.map((zone) => controlledZone(this.#settings.apply(zone)));
    this.#config = { ...this.#config, zones };
  }

  zones(): readonly ZoneState[] {
    return Object.values(this.#state.zones);
  }

  #happen(event: ControllerEvent): void {
    if (this.#isStopped) return;
    const before = this.#state;
    const { state, actions } = step(before, event, this.#config);
    this.#state = state;
    // What closes goes out before anything is journaled or shown.
    for (const action of actions) if (isClosing(action)) this.#carryOut(action);
    for (const action of actions) if (!isClosing(action)) this.#carryOut(action);
    for (const zone of Object.values(state.zones)) {
      if (isShownOtherwise(before.zones[zone.id], zone)) this.#options.onZone(zone);
    }
  }

  #carryOut(action: Action): void {
    const { alarms } = this.#options;
    switch (action.kind) {
      case 'journal_intent':
        this.#journalIntent(action.record);
        break;
      case 'command':
        this.#command(action);
        break;
      case 'journal_run':
        this.#journalRun(action.record);
        break;
      case 'raise_alarm':
        alarms.raise(action.zone, action.severity, action.reason);
        break;
      case 'clear_alarm':
        alarms.clear(action.zone, action.key);
        break;
      case 'answer':
        this.#answers.get(action.requestId)?.(action);
        this.#answers.delete(action.requestId);
        break;
    }
  }

  #journalIntent(record: IntentRecord): void {
    const { journal, logger } = this.#options;
    const { zone, runId } = record;
    journal.appendRecord(record).then(
      () => this.#happen({ kind: 'intent_durable', zone, runId, now: this.#now() }),
      (error: unknown) => {
        logger.error({ err: error, runId }, 'intent is not in the journal, not opened');
        this.#happen({ kind: 'intent_failed', zone, runId, now: this.#now() });
      },
    );
  }

  #journalRun(record: RunRecord): void {
    const { journal, logger, onRun } = this.#options;
    // Without its record the intent is recorded as interrupted by the next start.
    journal
      .appendRecord(record)
      .catch((error: unknown) =>
        logger.error({ err: error, runId: record.runId }, 'run is not in the journal'),
      );
    // Whoever journals what follows from it comes after it.
    onRun(record);
  }

  #command({ zone, command }: Extract<Action, { kind: 'command' }>): void {
    const { actuator } = this.#driven.get(zone) ?? {};
    const wish = { commandId: command.id, atMs: this.#options.clock.nowMs() };
    this.#sendTo(zone, () =>
      command.action === 'close'
        ? actuator?.close(wish)
        : actuator?.open({ ...wish, durationSeconds: command.durationSeconds }),
    );
  }

  /** Sets the valve's own cut-off, behind the closing that a start and a return begin with. */
  #provision(zone: string): void {
    const driven = this.#driven.get(zone);
    const commandId = `${this.#config.idPrefix}-provision-${++this.#requests}`;
    const limitSeconds = driven?.zone.maxRunSeconds ?? 0;
    const atMs = this.#options.clock.nowMs();
    this.#sendTo(zone, () => driven?.actuator.provision({ commandId, atMs, limitSeconds }));
  }

  /** Not sent is the same as not answered: the controller repeats. */
  #sendTo(zone: string, commandsOf: () => readonly Command[] | undefined): void {
    const failed = (error: unknown) =>
      this.#options.logger.warn({ err: error, zone }, 'command was not sent');
    try {
      for (const sent of this.#send(commandsOf() ?? [])) sent.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #send(commands: readonly Command[]): Promise<void>[] {
    return commands.map(({ topic, payload }) => this.#options.publish(topic, payload));
  }
}

function isClosing(action: Action): boolean {
  return action.kind === 'command' && action.command.action === 'close';
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}

/** Attempts and the like change without anything to show. */
function isShownOtherwise(before: ZoneState | undefined, after: ZoneState): boolean {
  if (before === after) return false;
  return (
    before === undefined ||
    before.phase.name !== after.phase.name ||
    before.valve !== after.valve ||
    before.moisture !== after.moisture ||
    JSON.stringify(before.decision) !== JSON.stringify(after.decision)
  );
}
