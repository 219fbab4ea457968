import { topicOf, type ValveState } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { ExecutedCommands, readCommand } from '../devices/command.ts';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';

type Change = Exclude<ValveState['cause'], 'periodic'>;

/** Pause between two reports of an open valve. */
const REPORT_SECONDS = 10;

/** Our own valves (broker/wire: ValveCommand, ValveState); pumps and master valves speak the same. */
export const nongtin: Family = {
  settings: Type.Object({}, { additionalProperties: false }),
  speakerOf: ({ id }) => id,
  build: (identity, outputs, shell) => {
    const [output] = outputs;
    if (output === undefined) throw new RangeError(`${identity} has no output`);
    return new NongtinValve(identity, output, shell);
  },
};

/**
 * A valve with a position switch and, mostly, a flow meter.
 *
 * It opens for a lease only and ends the lease by its own timer, which knows nothing of the broker: connected or not,
 * it closes. A command is executed once; a redelivered, retained or unreadable one changes nothing and is answered with
 * the state. Opening an open valve begins a new lease in place of the old one. It boots closed.
 */
class NongtinValve implements Unit {
  readonly speaker: Speaker;
  readonly #identity: string;
  readonly #output: Output;
  readonly #shell: Shell;
  readonly #reportSeconds: number;
  #executed = new ExecutedCommands();
  #lastChange: Change = 'boot';
  #commandId: string | undefined;
  #endLease: () => void = () => undefined;
  #endReports: () => void = () => undefined;

  constructor(identity: string, output: Output, shell: Shell) {
    this.#identity = identity;
    this.#output = output;
    this.#shell = shell;
    this.#reportSeconds = output.spec.reportSeconds ?? REPORT_SECONDS;
    this.speaker = {
      identity,
      subscriptions: [topicOf('valveCommand', identity)],
      presence: { topic: topicOf('status', identity), online: 'online', offline: 'offline' },
    };
  }

  boot(): void {
    this.#executed = new ExecutedCommands();
    this.#commandId = undefined;
    this.#lastChange = 'boot';
    this.#output.switch(false);
  }

  /** It closes as a spring does when the power goes. */
  die(): void {
    this.#endLease();
    this.#endReports();
    this.#output.switch(false);
  }

  /** What changed while nobody could hear it is told now. */
  connected(): void {
    this.#report(this.#lastChange);
  }

  received({ payload, retained }: HeardMessage): void {
    const command = retained ? undefined : readCommand(payload);
    if (command === undefined || !this.#executed.claim(command.id)) {
      this.#report('periodic');
      return;
    }
    this.#commandId = command.id;
    if (command.action === 'open') this.#open(command.durationSeconds);
    else this.#close('command');
  }

  #open(seconds: number): void {
    this.#endLease();
    this.#endReports();
    this.#output.switch(true);
    this.#endLease = this.#shell.clock.after(seconds, () => {
      if (!this.#output.conditions.timerLost.value) this.#close('lease_ended');
    });
    const period = { firstSeconds: this.#reportSeconds, periodSeconds: this.#reportSeconds };
    this.#endReports = this.#shell.clock.every(period, () => this.#report('periodic'));
    this.#tell('command');
  }

  #close(cause: Change): void {
    this.#endLease();
    this.#endReports();
    this.#output.switch(false);
    this.#tell(cause);
  }

  #tell(change: Change): void {
    this.#lastChange = change;
    this.#report(change);
  }

  #report(cause: ValveState['cause']): void {
    const { position, meter } = this.#output;
    const state: ValveState = {
      time: new Date(this.#shell.timeMs()).toISOString(),
      state: position ? 'open' : 'closed',
      cause,
      ...(this.#commandId === undefined ? {} : { commandId: this.#commandId }),
      ...(meter?.read() ?? { flowLitresPerMinute: 0, totalLitres: 0 }),
    };
    const topic = topicOf('valveState', this.#identity);
    this.#shell.publish({ topic, payload: JSON.stringify(state) }, 'now');
  }
}
