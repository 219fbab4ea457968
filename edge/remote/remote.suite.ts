import {
  type CommandOutcome,
  type JournalRecord,
  type RemoteCommand,
  topicOf,
  type ValveCommand,
} from '@nongtin/broker/wire';
import { pino } from 'pino';
import { vi } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { zonesOf } from '../farm/layout.ts';
import type { ZoneState } from '../irrigation/controller/types.ts';
import { Irrigation } from '../irrigation/service.ts';
import { isLastWord } from './decide.ts';
import { RemoteCommands } from './remote.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
type CommandOf<K extends RemoteCommand['kind']> = Extract<RemoteCommand, { kind: K }>;
type Order = RemoteCommand extends infer C
  ? C extends RemoteCommand
    ? Omit<C, 'id' | 'issuedAtMs' | 'expiresAtMs' | 'issuedBy'> & Partial<C>
    : never
  : never;

/** 2026, when these tests' farms begin. */
const BEGAN_MS = 1_790_000_000_000;
const logger = pino({ enabled: false });

export function commandId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/**
 * A farm of three zones whose commands come from afar: the real controller and the real shell over a journal that writes
 * when it is let, valves that do what they are told, and clocks that tests move. Timers are faked, so nothing else moves.
 */
export class RemoteFarm {
  readonly clock = {
    ms: 0,
    /** How far the gateway's UTC is off; only while it is not trusted. */
    offMs: 0,
    trusted: true,
    nowMs: () => BEGAN_MS + this.clock.ms + this.clock.offMs,
    monotonicMs: () => this.clock.ms,
    isTrusted: () => this.clock.trusted,
  };
  /** What is on the disk. */
  readonly disk: JournalRecord[] = [];
  /** What the cloud was told, in order. */
  readonly said: CommandOutcome[] = [];
  /** Every opening that reached a valve, with the true time of its sending. */
  readonly opened: { zone: string; runId: string; utcMs: number }[] = [];
  /** Every zone that was told to close, in order. */
  readonly closed: string[] = [];
  /** Whether the journal writes at once. */
  isDiskFast = true;
  isDiskHealthy = true;
  isAllowed = true;
  irrigation!: Irrigation;
  remote!: RemoteCommands;
  #waiting: (() => void)[] = [];
  #boot = 0;
  #issued = 0;
  readonly #valves = new Map<string, { open: boolean; commandId?: string; flow: number; litres: number }>();
  readonly #zones = zonesOf(demoFarm()).slice(0, 3);

  /** UTC as it is, whatever the gateway believes. */
  get utcMs(): number {
    return BEGAN_MS + this.clock.ms;
  }

  /** A start of the gateway on what is on the disk. */
  async start(): Promise<void> {
    const boot = ++this.#boot;
    const isAlive = () => boot === this.#boot;
    const journal = this.#journal(isAlive);
    const zones = this.#zones;
    this.irrigation = new Irrigation({
      ...{ zones, speed: 1, clock: this.clock, idPrefix: `boot${boot}`, logger, journal },
      publish: async (topic, payload) => {
        if (isAlive()) this.#onCommand(topic, JSON.parse(payload));
      },
      alarms: { raise: () => {}, clear: () => {}, list: () => [] },
      wetTests: { readOnly: () => null, add: async () => {} },
      onZone: (zone) => this.remote.onZone(zone),
      onRun: (run) => this.remote.onRun(run),
    });
    this.remote = new RemoteCommands({
      ...{ journal, irrigation: this.irrigation, zones: () => zones.map(({ id }) => id), logger },
      ...{ clock: this.clock, isAllowed: this.isAllowed },
      say: (outcome) => {
        if (isAlive()) this.said.push(outcome);
      },
    });
    await this.remote.start();
    await this.irrigation.start();
    await settle();
  }

  /** The process is gone, with all that is not on the disk. */
  async restart(): Promise<void> {
    vi.clearAllTimers();
    this.#waiting = [];
    await this.start();
  }

  /** Every valve says what it does. */
  async report(zones: readonly string[] = this.#zones.map(({ id }) => id)): Promise<void> {
    for (const zone of zones) this.#report(zone);
    await settle();
  }

  async started(): Promise<this> {
    await this.start();
    await this.report();
    return this;
  }

  /** A command as the cloud sends it, issued now. */
  command(order: Order): RemoteCommand {
    const issuedAtMs = this.utcMs;
    return {
      ...{ id: commandId(++this.#issued), issuedAtMs, expiresAtMs: issuedAtMs + 60_000, issuedBy: 'Chị Ba' },
      ...order,
    } as RemoteCommand;
  }

  start_zone(more: Partial<CommandOf<'start_zone'>> = {}): RemoteCommand {
    return this.command({ kind: 'start_zone', zone: 'a1', durationSeconds: 120, ...more });
  }

  async deliver(command: RemoteCommand | string): Promise<void> {
    this.remote.onCommand(Buffer.from(typeof command === 'string' ? command : JSON.stringify(command)));
    await settle();
  }

  async wait(seconds: number): Promise<void> {
    this.clock.ms += seconds * 1000;
    for (const [zone, valve] of this.#valves) {
      if (!valve.open) continue;
      valve.litres += (valve.flow * seconds) / 60;
      this.#valves.set(zone, valve);
    }
    // One tick of the controller, and whatever timer is due.
    vi.advanceTimersByTime(1_000);
    await settle();
  }

  /** The disk takes what waits for it. */
  async write(): Promise<void> {
    for (const write of this.#waiting.splice(0)) write();
    await settle();
  }

  /** What the valve's meter says from now on while it is open. */
  flows(zone: string, litresPerMinute: number): void {
    this.#valve(zone).flow = litresPerMinute;
  }

  /** The valve closes by itself at the end of its lease. */
  leaseEnds(zone = 'a1'): Promise<void> {
    this.#valve(zone).open = false;
    return this.report([zone]);
  }

  zone(id = 'a1'): ZoneState {
    const zone = this.irrigation.zones().find((one) => one.id === id);
    if (zone === undefined) throw new Error(`no zone ${id}`);
    return zone;
  }

  steps(id: string): string[] {
    return this.said.filter(({ commandId: one }) => one === id).map(({ step }) => step);
  }

  lastWord(id: string): CommandOutcome | undefined {
    return this.said.findLast((outcome) => outcome.commandId === id && isLastWord(outcome));
  }

  records<K extends JournalRecord['kind']>(kind: K): RecordOf<K>[] {
    return this.disk.filter((record): record is RecordOf<K> => record.kind === kind);
  }

  /** Runs that valves were opened for, by the command they are due to. */
  executions(): Map<string, Set<string>> {
    const runs = new Map<string, Set<string>>();
    for (const { runId } of this.opened) {
      const intent = this.records('intent').find((one) => one.runId === runId);
      const id = String(intent?.reason.figures.commandId);
      runs.set(id, (runs.get(id) ?? new Set()).add(runId));
    }
    return runs;
  }

  #journal(isAlive: () => boolean) {
    return {
      appendRecord: (record: JournalRecord) =>
        new Promise<number>((resolve) => {
          if (!isAlive()) return;
          const write = () => resolve(this.disk.push(structuredClone(record)));
          if (this.isDiskFast) write();
          else this.#waiting.push(write);
        }),
      records: async <K extends JournalRecord['kind']>(kind: K, limit: number) =>
        this.records(kind).reverse().slice(0, limit),
      health: () => ({ healthy: this.isDiskHealthy }),
    };
  }

  #onCommand(topic: string, command: ValveCommand): void {
    const zone = this.#zones.find(({ valve }) => topic === topicOf('valveCommand', String(valve)))?.id ?? '';
    const valve = this.#valve(zone);
    if (command.action === 'close') this.closed.push(zone);
    else this.opened.push({ zone, runId: command.id, utcMs: this.utcMs });
    Object.assign(valve, { open: command.action === 'open', commandId: command.id });
  }

  #report(zone: string): void {
    const { open, commandId: id, flow, litres } = this.#valve(zone);
    const state = { state: open ? 'open' : 'closed', cause: 'periodic', commandId: id };
    const message = { ...state, flowLitresPerMinute: open ? flow : 0, totalLitres: litres };
    this.irrigation.onMessage(topicOf('valveState', `valve-${zone}`), Buffer.from(JSON.stringify(message)));
  }

  #valve(zone: string) {
    const valve = this.#valves.get(zone) ?? { open: false, flow: 38, litres: 1_000 };
    this.#valves.set(zone, valve);
    return valve;
  }
}

/** Everything that has been resolved goes on as far as it can. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Timers of the code under test; `setImmediate` stays, for `settle`. */
export function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
}
