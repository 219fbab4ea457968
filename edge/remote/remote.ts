import type { CommandOutcome, Reason, RemoteCommand, RunRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { ZoneState } from '../irrigation/controller/types.ts';
import type { Answer, Irrigation } from '../irrigation/service.ts';
import { Allowance } from './allowance.ts';
import {
  type Action,
  begin,
  type Happening,
  isLastWord,
  isStop,
  type Kept,
  type Moment,
  type Next,
  next,
  reasonOf,
  recover,
} from './decide.ts';
import { readCommand } from './read-command.ts';
import { findTraces, MOST_REMEMBERED, type RemoteJournal, restoreCommands } from './restore.ts';

interface RemoteOptions {
  readonly journal: RemoteJournal;
  readonly irrigation: Pick<Irrigation, 'request' | 'change' | 'zones'>;
  /** Ids of the layout's zones that have a valve, now. */
  readonly zones: () => readonly string[];
  readonly clock: { nowMs(): number; monotonicMs(): number; isTrusted(): boolean };
  /** False: the farm wants no commands from afar. */
  readonly isAllowed: boolean;
  /** Answers the cloud; may be lost. */
  readonly say: (outcome: CommandOutcome) => void;
  readonly logger: Logger;
}

/** More commands than people give by hand; stops are given more room, for they are what people press again and again. */
const STARTS = { burst: 20, everyMs: 60_000 };
const STOPS = { burst: 30, everyMs: 10_000 };
/** How long after a start a silent valve keeps the others waiting for commands. */
const SETTLE_MS = 30_000;
/** How long a closing waits for its own record. */
const STOP_WAIT_MS = 1_000;

/**
 * Takes commands from afar: makes each durable before anything is done about it, asks the controller as a person at the farm
 * would, and tells what came of it (decision 0022). decide.ts says what is done when; here it is done.
 */
export class RemoteCommands {
  readonly #options: RemoteOptions;
  readonly #starts: Allowance;
  readonly #stops: Allowance;
  /** By id, oldest first. */
  readonly #kept = new Map<string, Kept>();
  /** Those that wait for the end of runs. */
  readonly #watering = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #sinceMs: number;
  #isStopped = false;

  constructor(options: RemoteOptions) {
    this.#options = options;
    const nowMs = options.clock.monotonicMs();
    this.#sinceMs = nowMs;
    this.#starts = new Allowance(STARTS, nowMs);
    this.#stops = new Allowance(STOPS, nowMs);
  }

  /** Before irrigation starts, which tells of runs that the last restart has cut off. */
  async start(): Promise<void> {
    const { journal, zones } = this.#options;
    const restored = await restoreCommands(journal);
    for (const kept of restored) this.#keep(kept);
    const open = restored.filter(({ stage }) => stage !== 'over');
    if (open.length === 0) return;
    const foundOf = await findTraces(journal, new Set(zones()));
    for (const kept of open) this.#take(recover(kept, foundOf(kept.command), this.#moment()));
  }

  /** What comes from here on is left to the next start. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  isClockTrusted(): boolean {
    return this.#options.clock.isTrusted();
  }

  isSettled(): boolean {
    const { clock, irrigation } = this.#options;
    if (clock.monotonicMs() - this.#sinceMs >= SETTLE_MS) return true;
    return irrigation.zones().every(({ phase }) => phase.name !== 'unknown');
  }

  onCommand(payload: Uint8Array): void {
    if (this.#isStopped) return;
    const command = readCommand(payload);
    if ('unreadable' in command) this.#onUnreadable(command.unreadable);
    else if (this.#kept.has(command.id)) this.#happen(command.id, { kind: 'received' });
    else this.#onNew(command);
  }

  onRun(record: RunRecord): void {
    for (const id of this.#watering) this.#happen(id, { kind: 'run', record });
  }

  /** Whether water flows in a run that somebody asked for from afar. */
  onZone({ phase, valve }: ZoneState): void {
    if (this.#watering.size === 0 || phase.name !== 'running' || phase.oddFlow !== null) return;
    const id = commandIdOf(phase.run.reason);
    const { flowLitresPerMinute: flow, flowSeen } = valve ?? {};
    const isProven = flow != null && flow > 0 && flowSeen != null && flowSeen.realMs >= phase.openedAt.realMs;
    if (id !== undefined && isProven) this.#happen(id, { kind: 'flowing', flowLitresPerMinute: flow });
  }

  #happen(id: string, happening: Happening): void {
    const kept = this.#kept.get(id);
    if (kept && !this.#isStopped) this.#take(next(kept, happening, this.#moment()));
  }

  #take({ kept, actions }: Next): void {
    this.#keep(kept);
    for (const action of actions) this.#carryOut(kept.command, action);
  }

  #keep(kept: Kept): void {
    const { id } = kept.command;
    this.#kept.set(id, kept);
    if (kept.stage === 'watering') this.#watering.add(id);
    else this.#watering.delete(id);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_REMEMBERED && oldest !== undefined) this.#kept.delete(oldest);
  }

  #carryOut(command: RemoteCommand, action: Action): void {
    switch (action.kind) {
      case 'journal':
        this.#journal(command);
        break;
      case 'open':
        this.#open(command, action);
        break;
      case 'stop':
        this.#stop(command.id, action.zone);
        break;
      case 'change':
        this.#change(command, action);
        break;
      case 'tell':
        if (action.isNew) this.#tell(action.outcome);
        else this.#options.say(action.outcome);
        break;
    }
  }

  #journal(command: RemoteCommand): void {
    const { journal, clock, logger } = this.#options;
    const { id } = command;
    logger.info({ commandId: id, kind: command.kind, by: command.issuedBy }, 'a command from afar');
    journal.appendRecord({ kind: 'remote_command', atMs: clock.nowMs(), command }).then(
      () => this.#happen(id, { kind: 'durable' }),
      (error: unknown) => logger.error({ err: error, commandId: id }, 'command is not in the journal'),
    );
    if (!isStop(command)) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#happen(id, { kind: 'overdue' });
      },
      journal.health().healthy ? STOP_WAIT_MS : 0,
    );
    this.#timers.add(timer);
  }

  #open({ id, issuedBy }: RemoteCommand, action: Extract<Action, { kind: 'open' }>): void {
    const { zone, durationSeconds, openBeforeRealMs } = action;
    const remote = { commandId: id, by: issuedBy, openBeforeRealMs };
    const asked = this.#options.irrigation.request(zone, { kind: 'open', durationSeconds, remote });
    const runs = this.#runsOf([zone], id);
    void this.#answered(id, [asked ?? unknownZone(zone)], runs);
  }

  #stop(id: string, zone: string | undefined): void {
    const { irrigation, zones } = this.#options;
    const told = zone === undefined ? zones() : [zone];
    const runs = this.#runsOf(told);
    const asked = told.map(
      (one) => irrigation.request(one, { kind: 'stop', isRemote: true }) ?? unknownZone(one),
    );
    void this.#answered(id, asked, runs);
  }

  async #answered(id: string, asked: readonly Promise<Answer>[], runs: readonly string[]): Promise<void> {
    const answers = await Promise.all(asked);
    const isAccepted = answers.every(({ accepted }) => accepted);
    // Of several zones the one where something was done says more than those that were closed.
    const told = answers.find(({ reason }) => reason.key === 'stopped_by_person') ?? answers[0];
    const reason = told?.reason ?? reasonOf('already_closed');
    this.#happen(id, { kind: 'answered', isAccepted, reason, runs: isAccepted ? runs : [] });
  }

  /** Runs of these zones that are not over; with an id only the one that is due to that command. */
  #runsOf(zones: readonly string[], commandId?: string): string[] {
    return this.#options.irrigation.zones().flatMap(({ id, phase }) => {
      if (!zones.includes(id) || !('run' in phase)) return [];
      const isMeant = commandId === undefined || commandIdOf(phase.run.reason) === commandId;
      return isMeant ? [phase.run.runId] : [];
    });
  }

  #change(command: RemoteCommand, { zone, wish }: Extract<Action, { kind: 'change' }>): void {
    const { irrigation, clock, logger } = this.#options;
    const { id, issuedBy: by, expiresAtMs } = command;
    const isStillWanted = () => clock.nowMs() < expiresAtMs;
    const refused = { changed: false, reason: reasonOf('unknown_zone', { zone }) } as const;
    const changing = irrigation.change(zone, wish, { by, commandId: id, isStillWanted });
    (changing ?? Promise.resolve(refused)).then(
      (result) => this.#happen(id, { kind: 'changed', result }),
      (error: unknown) => logger.error({ err: error, commandId: id }, 'settings are not changed'),
    );
  }

  /** The cloud hears what is on our disk; of a full disk it hears all the same. */
  #tell(outcome: CommandOutcome): void {
    const { journal, say, logger } = this.#options;
    const { commandId, step } = outcome;
    if (isLastWord(outcome)) logger.info({ commandId, step, reason: outcome.reason }, 'a command is over');
    const isWritable = journal.health().healthy;
    if (!isWritable) say(outcome);
    journal.appendRecord({ kind: 'remote_outcome', ...outcome }).then(
      () => {
        if (isWritable) say(outcome);
      },
      (error: unknown) => logger.error({ err: error, commandId }, 'outcome is not in the journal'),
    );
  }

  #onNew(command: RemoteCommand): void {
    const obstacle = this.#obstacleTo(command);
    if (obstacle) this.#refuse(command.id, obstacle);
    else this.#take(begin(command));
  }

  /** What is refused before it is even recorded, so that a flood costs no disk. It may be sent again. */
  #obstacleTo(command: RemoteCommand): Reason | undefined {
    const { isAllowed, journal } = this.#options;
    if (!isAllowed) return reasonOf('remote_switched_off');
    if (!this.#mayTake(isStop(command))) return reasonOf('too_many_commands');
    // Nobody counts on it any more when the disk can write again. A closing is done all the same.
    if (!isStop(command) && !journal.health().healthy) return reasonOf('journal_unavailable');
    return undefined;
  }

  #onUnreadable(id: string | null): void {
    if (!this.#mayTake(false)) return;
    this.#options.logger.warn({ commandId: id }, 'a command from afar cannot be understood');
    const kept = id === null ? undefined : this.#kept.get(id);
    // Its id is taken: what was told of the command that it belongs to stays true.
    if (id !== null && kept === undefined) this.#refuse(id, reasonOf('command_not_understood'));
  }

  #refuse(commandId: string, reason: Reason): void {
    this.#options.logger.warn({ commandId, reason }, 'a command from afar is refused');
    this.#options.say({ commandId, step: 'refused', atMs: this.#options.clock.nowMs(), reason });
  }

  #mayTake(isStopping: boolean): boolean {
    return (isStopping ? this.#stops : this.#starts).take(this.#options.clock.monotonicMs());
  }

  #moment(): Moment {
    const { clock } = this.#options;
    return { utcMs: clock.nowMs(), monotonicMs: clock.monotonicMs(), isTrusted: clock.isTrusted() };
  }
}

function commandIdOf({ figures }: Reason): string | undefined {
  return typeof figures.commandId === 'string' ? figures.commandId : undefined;
}

async function unknownZone(zone: string): Promise<Answer> {
  return { accepted: false, reason: reasonOf('unknown_zone', { zone }) };
}
