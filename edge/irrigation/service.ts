import { type Reason, type Settings, ValveState } from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';
import { valveDevice, type Zone as ZoneLayout } from '../farm/layout.ts';
import type { EndedTest } from '../wet-test/ledger.ts';
import { farmClock } from './clock.ts';
import { type ControllerConfig, controllerDefaults } from './controller/config.ts';
import {
  begin,
  beginZone,
  endZone,
  obstacleIn,
  type Restored,
  type Step,
  step,
} from './controller/controller.ts';
import { restore } from './controller/restore.ts';
import { addSource, endSource } from './controller/sources.ts';
import type {
  Action,
  ControllerEvent,
  ControllerState,
  ControlReading,
  IntentRecord,
  Wanted,
  Wish,
  ZoneState,
} from './controller/types.ts';
import type { IrrigationOptions } from './options.ts';
import { Recorder } from './recorder.ts';
import { Sender } from './sender.ts';
import { type Changed, type SettingsAsker, type SettingsView, ZoneSettings } from './settings.ts';
import { SourceWiring } from './source-wiring.ts';
import type { Source } from './sources/schema.ts';
import { type SourceView, sourceView } from './sources/view.ts';
import type { Instant } from './time.ts';
import { systemTimers } from './timers.ts';
import { isShownOtherwise } from './view.ts';
import { ZoneWiring } from './zone-wiring.ts';
import { controlledZone, drivenZones, isSameValve } from './zones.ts';

export interface Answer {
  readonly accepted: boolean;
  readonly reason: Reason;
}

const TICK_MS = 250;
/** How often it is looked up whether a valve still counts as tested: its device may tell of another firmware. */
const TICKS_A_LOOK = 4;
const NOTHING_KNOWN = { lock: null, past: null, heldUntilFarmMs: 0 };
const NOTHING_RESTORED: Restored = {
  ...{ locks: new Map(), interrupted: [], recentlyWatered: new Set(), stoppedByHand: new Set() },
  ...{ begun: new Map(), sources: new Map() },
};
const valveState = Compile(ValveState);

/** The controller's shell: brings it what happens, carries out what it asks for. */
export class Irrigation {
  readonly #options: IrrigationOptions;
  readonly #settings: ZoneSettings;
  readonly #now: () => Instant;
  readonly #zones: ZoneWiring;
  readonly #sources: SourceWiring;
  readonly #sender: Sender;
  readonly #recorder: Recorder;
  #config: ControllerConfig;
  /** Zones whose place on the farm is being changed. */
  #held: ReadonlySet<string> = new Set();
  #ticks = 0;
  readonly #answers = new Map<string, (answer: Answer) => void>();
  #state: ControllerState = { zones: {}, sources: {}, issued: 0 };
  #requests = 0;
  #isStopped = false;
  #endTicks: () => void = () => {};

  constructor(options: IrrigationOptions) {
    const { zones, speed, idPrefix } = options;
    this.#options = options;
    this.#config = { ...controllerDefaults, zones: [], speed, idPrefix };
    this.#settings = new ZoneSettings(options.journal, options.clock);
    this.#now = farmClock(options.clock, speed);
    this.#zones = new ZoneWiring(zones);
    this.#sources = new SourceWiring(options.sources ?? []);
    this.#recorder = new Recorder(options);
    const { publish, clock, logger } = options;
    this.#sender = new Sender({ publish, clock, idPrefix, sources: this.#sources, logger });
  }

  /** Begins with the sweep. Commands go out when the broker is up; they are repeated until answered. */
  async start(): Promise<void> {
    const { journal, alarms, clock } = this.#options;
    await this.#settings.start();
    const { pauseRealSeconds, handsOffRealSeconds } = this.#config;
    const restored = await restore(journal, alarms.list(), {
      nowMs: clock.nowMs(),
      pauseMs: pauseRealSeconds * 1000,
      handsOffMs: handsOffRealSeconds * 1000,
    });
    this.#configure();
    const { state, actions } = begin(this.#config, restored, this.#now());
    this.#state = state;
    this.#isStopped = false;
    for (const action of actions) this.#carryOut(action);
    for (const { source, part } of this.#sources.parts) this.#sender.provisionPart(source, part);
    for (const driven of this.#zones.driven.values()) this.#sender.provision(driven);
    const { timers = systemTimers, tickMs = TICK_MS } = this.#options;
    this.#endTicks = timers.every(tickMs, () => {
      if (++this.#ticks % TICKS_A_LOOK === 0) this.#configure();
      this.#happen({ kind: 'tick', now: this.#now() });
    });
  }

  /** As when the plug is pulled: nothing more is decided or said. */
  cutOff(): void {
    this.#endTicks();
    this.#isStopped = true;
  }

  /** Closes what is open. Its run is recorded by the next start, which asks the meter. Once; again it does nothing. */
  async stop(): Promise<void> {
    this.#endTicks();
    if (this.#isStopped) return;
    // From here on nothing is decided any more, whatever still arrives.
    this.#isStopped = true;
    const open = Object.values(this.#state.zones).filter((zone) => 'run' in zone.phase);
    await this.#sender.closeAll(open.flatMap(({ id }) => this.#zones.driven.get(id) ?? []));
  }

  /**
   * No run begins in these zones until the answer is called. The state of the first that is in the middle of something
   * instead, of which nothing was held then.
   */
  hold(zones: readonly string[]): (() => void) | { readonly zone: string; readonly state: string } {
    for (const id of zones) {
      const name = this.#state.zones[id]?.phase.name ?? 'idle';
      if (name !== 'idle' && name !== 'unknown') return { zone: id, state: name };
    }
    this.#held = new Set(zones);
    this.#configure();
    return () => {
      this.#held = new Set();
      this.#configure();
    };
  }

  /** The farm has been laid out anew. Zones whose valve stays as it was notice nothing of it. */
  setZones(zones: readonly ZoneLayout[], sources: readonly Source[] = []): void {
    if (this.#isStopped) return;
    this.#setSources(sources);
    const before = this.#zones.driven;
    const after = drivenZones(zones);
    const ended = [...before.keys()].filter((id) => !isSameValve(before.get(id)?.zone, after.get(id)?.zone));
    const begun = [...after.keys()].filter((id) => !isSameValve(before.get(id)?.zone, after.get(id)?.zone));
    // While the old valves can still be told to close.
    for (const id of ended) this.#enter(endZone(this.#state, id, this.#config, this.#now()));
    for (const id of ended) this.#clearAlarms(id);
    const isNewProbe = (id: string) => before.get(id)?.zone.soilProbe !== after.get(id)?.zone.soilProbe;
    for (const id of after.keys()) if (isNewProbe(id)) this.#forgetMoisture(id);
    this.#zones.follow(zones);
    this.#configure();
    for (const id of begun) {
      this.#enter(beginZone(this.#state, id, this.#config, NOTHING_RESTORED, this.#now()));
      const driven = this.#zones.driven.get(id);
      if (driven) this.#sender.provision(driven);
    }
  }

  /** One that is as it was notices nothing; another pump begins as after a start: off. */
  #setSources(sources: readonly Source[]): void {
    const isSame = (id: string) =>
      JSON.stringify(this.#sources.source(id)) === JSON.stringify(sources.find((source) => source.id === id));
    const ended = Object.keys(this.#state.sources).filter((id) => !isSame(id));
    for (const id of ended) this.#enter(endSource(this.#state, id, this.#config, this.#now()));
    this.#sources.follow(sources);
    this.#configure();
    for (const { id } of sources.filter((source) => this.#state.sources[source.id] === undefined)) {
      this.#enter(addSource(this.#state, id, this.#config, NOTHING_KNOWN, this.#now()));
      for (const { source, part } of this.#sources.parts)
        if (source === id) this.#sender.provisionPart(source, part);
    }
  }

  onReadings(readings: readonly ControlReading[]): void {
    for (const event of this.#sources.take(readings, this.#now())) this.#happen(event);
    for (const event of this.#zones.take(readings, this.#now())) this.#happen(event);
  }

  /**
   * Any message of the broker; a valve's report is read here, before it is durable: control waits for no disk.
   * What cannot be read is left to ingest, which keeps it.
   */
  onMessage(topic: string, payload: Uint8Array): void {
    if (!this.#zones.listensTo(topic) && !this.#sources.listensTo(topic)) return;
    const report = parseJson(payload);
    if (!valveState.Check(report)) return;
    for (const wiring of [this.#zones, this.#sources]) {
      const event = wiring.report(topic, report, this.#now());
      if (event) this.#happen(event);
    }
  }

  onStatus(device: string, online: boolean): void {
    if (!online || this.#isStopped) return;
    for (const { source, part } of this.#sources.partsOf(device)) {
      this.#happen({ kind: 'part_online', source, part, now: this.#now() });
      this.#sender.provisionPart(source, part);
    }
    for (const driven of this.#zones.driven.values()) {
      if (valveDevice(driven.zone.valve) !== device) continue;
      this.#happen({ kind: 'online', zone: driven.zone.id, now: this.#now() });
      this.#sender.provision(driven);
    }
  }

  /** What a zone's program wants now, and why; may be said again and again. Nothing happens when there is no such zone. */
  plan(zone: string, wanted: Wanted | null, reason: Reason): void {
    this.#happen({ kind: 'plan', zone, wanted, reason, now: this.#now() });
  }

  /** Why its program could not open it now, nor soon; undefined: nothing but others before it may be in the way. */
  obstacle(zone: string): Reason | undefined {
    return obstacleIn(this.#state, zone, this.#config, this.#now());
  }

  /** A person's wish; the controller decides. Undefined when there is no such zone. */
  request(zone: string, wish: Wish): Promise<Answer> | undefined {
    if (this.#isStopped || this.#state.zones[zone] === undefined) return undefined;
    const requestId = `request-${++this.#requests}`;
    const answer = new Promise<Answer>((resolve) => this.#answers.set(requestId, resolve));
    this.#happen({ ...wish, zone, requestId, now: this.#now() });
    return answer;
  }

  /** A person has looked at a source's pump or tank. Undefined when there is no such source. */
  unlockSource(source: string): Promise<Answer> | undefined {
    if (this.#isStopped || this.#state.sources[source] === undefined) return undefined;
    const requestId = `request-${++this.#requests}`;
    const answer = new Promise<Answer>((resolve) => this.#answers.set(requestId, resolve));
    this.#happen({ kind: 'unlock_source', source, requestId, now: this.#now() });
    return answer;
  }

  /**
   * Changes how a zone is watered, within what the farm's file allows. Resolves when the change is durable and in force.
   * Undefined when there is no such zone.
   */
  change(zone: string, wish: Partial<Settings>, asker: SettingsAsker): Promise<Changed> | undefined {
    const layout = this.#zones.driven.get(zone)?.zone;
    if (this.#isStopped || layout === undefined) return undefined;
    return this.#settings.change(layout, wish, asker).then((changed) => {
      this.#configure();
      const state = this.#state.zones[zone];
      if (changed.changed && state) this.#options.onZone(state);
      return changed;
    });
  }

  /** Undefined when there is no such zone. */
  settings(zone: string): SettingsView | undefined {
    const layout = this.#zones.driven.get(zone)?.zone;
    return layout && this.#settings.view(layout);
  }

  zones(): readonly ZoneState[] {
    return Object.values(this.#state.zones);
  }

  /** Undefined when there is no such zone. */
  zone(id: string): ZoneState | undefined {
    return this.#state.zones[id];
  }

  /** Pumps, master valves and tanks, as people see them. */
  sources(): SourceView[] {
    return Object.values(this.#state.sources).flatMap((state) => {
      const source = this.#sources.source(state.id);
      return source ? [sourceView(state, source)] : [];
    });
  }

  /** The zones as the controller is to see them from now on. */
  #configure(): void {
    const { speed, wetTests } = this.#options;
    const zones = [...this.#zones.driven.values()].map(({ zone }) =>
      controlledZone(this.#settings.apply(zone), {
        speed,
        readOnly: wetTests.readOnly(zone),
        isHeld: this.#held.has(zone.id),
        source: this.#sources.controlled.find(({ id }) => id === zone.source),
        hasProgram: this.#options.hasProgram?.(zone.id) ?? false,
      }),
    );
    this.#config = { ...this.#config, zones, sources: this.#sources.controlled };
  }

  /** What another probe has said is no word of this one. */
  #forgetMoisture(id: string): void {
    const zone = this.#state.zones[id];
    if (zone)
      this.#state = { ...this.#state, zones: { ...this.#state.zones, [id]: { ...zone, moisture: null } } };
  }

  #clearAlarms(zone: string): void {
    const { alarms } = this.#options;
    for (const { source, state, reason } of alarms.list())
      if (source === zone && state !== 'cleared') alarms.clear(zone, reason.key);
  }

  #happen(event: ControllerEvent): void {
    if (!this.#isStopped) this.#enter(step(this.#state, event, this.#config));
  }

  #enter({ state, actions }: Step): void {
    const before = this.#state;
    this.#state = state;
    this.#options.onStep?.(state);
    // What closes goes out before anything is journaled or shown, and pumps stop before anything closes.
    for (const first of [isStopping, isClosing])
      for (const action of actions) if (first(action)) this.#carryOut(action);
    for (const action of actions) if (!isStopping(action) && !isClosing(action)) this.#carryOut(action);
    for (const zone of Object.values(state.zones)) {
      const was = before.zones[zone.id];
      if (was !== zone && isShownOtherwise(was, zone)) this.#options.onZone(zone);
    }
  }

  #carryOut(action: Action): void {
    const { alarms } = this.#options;
    switch (action.kind) {
      case 'journal_intent':
        this.#journalIntent(action.record);
        break;
      case 'command': {
        const driven = this.#zones.driven.get(action.zone);
        if (driven) this.#sender.command(driven, action.command);
        break;
      }
      case 'part_command':
        this.#sender.part(action);
        break;
      case 'journal_run':
        this.#recorder.run(action.record);
        break;
      case 'journal_hands_off':
        this.#recorder.handsOff(action.record);
        break;
      case 'journal_wet_test':
        this.#journalTest(action.record);
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

  #journalTest(ended: EndedTest): void {
    const { wetTests, logger } = this.#options;
    const zone = this.#zones.driven.get(ended.zone)?.zone;
    if (zone === undefined) return;
    wetTests.add(zone, ended).then(
      () => this.#configure(),
      (error: unknown) => logger.error({ err: error, zone: ended.zone }, 'wet test is not in the journal'),
    );
    this.#configure();
  }
}

function isStopping(action: Action): boolean {
  return action.kind === 'part_command' && action.command.action === 'close';
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
