import { topicOf, type ValveCommand, type ValveState } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { ExecutedCommands, readCommand } from './command.ts';
import type { DeviceLink } from './link.ts';
import type { LiveFarm, Pipe } from './live-farm.ts';
import { every, type Scheduler } from './time.ts';

export interface ValveOptions {
  readonly device: string;
  readonly pipe: Pipe;
  /** Turns a lease into real time: a time-lapse farm's seconds are shorter. */
  readonly realMs: LiveFarm['realMs'];
}

/** Real time between two reports of an open valve. */
const REPORT_MS = 2_000;

type Change = Exclude<ValveState['cause'], 'periodic'>;

/**
 * A valve with a flow meter.
 *
 * It opens for a lease only and ends the lease by its own timer, which knows nothing of the broker: connected or not,
 * it closes. A command is executed once; a redelivered, retained or unreadable one changes nothing and is answered with
 * the state. Opening an open valve begins a new lease in place of the old one. It boots closed.
 */
export class Valve {
  readonly #options: ValveOptions;
  readonly #link: DeviceLink;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  readonly #executed = new ExecutedCommands();
  #isOpen = false;
  #lastChange: Change = 'boot';
  #commandId: string | undefined;
  #endLease: () => void = () => undefined;
  #endReports: () => void = () => undefined;

  constructor(options: ValveOptions, link: DeviceLink, scheduler: Scheduler, logger: Logger) {
    this.#options = options;
    this.#link = link;
    this.#scheduler = scheduler;
    this.#logger = logger;
  }

  start(): void {
    this.#link.subscribe(topicOf('valveCommand', this.#options.device), (payload, retained) =>
      this.#receive(payload, retained),
    );
    // What changed while nobody could hear it is told at the next connection.
    this.#link.onConnect(() => this.#report(this.#lastChange));
    this.#link.start();
  }

  /** Closes the valve, as a spring does when the power goes. */
  async stop(): Promise<void> {
    this.#endLease();
    this.#endReports();
    this.#options.pipe.close();
    this.#isOpen = false;
    await this.#link.stop();
  }

  #receive(payload: Buffer, retained: boolean): void {
    const command = retained ? undefined : readCommand(payload);
    if (command === undefined || !this.#executed.claim(command.id)) {
      this.#report('periodic');
      return;
    }
    this.#commandId = command.id;
    if (command.action === 'open') this.#open(command);
    else this.#close('command');
  }

  #open(command: ValveCommand & { action: 'open' }): void {
    this.#endLease();
    this.#endReports();
    this.#options.pipe.open();
    this.#isOpen = true;
    this.#endLease = this.#scheduler.after(this.#options.realMs(command.durationSeconds), () =>
      this.#close('lease_ended'),
    );
    this.#endReports = every(this.#scheduler, { firstMs: REPORT_MS, periodMs: REPORT_MS }, () =>
      this.#report('periodic'),
    );
    this.#logger.info(
      { device: this.#options.device, seconds: command.durationSeconds, command: command.id },
      'valve opened',
    );
    this.#tell('command');
  }

  #close(cause: Change): void {
    this.#endLease();
    this.#endReports();
    this.#options.pipe.close();
    if (this.#isOpen) {
      const totalLitres = Math.round(this.#options.pipe.meter().totalLitres);
      this.#logger.info({ device: this.#options.device, cause, totalLitres }, 'valve closed');
    }
    this.#isOpen = false;
    this.#tell(cause);
  }

  #tell(change: Change): void {
    this.#lastChange = change;
    this.#report(change);
  }

  #report(cause: ValveState['cause']): void {
    const { flowLitresPerMinute, totalLitres } = this.#options.pipe.meter();
    const state: ValveState = {
      time: new Date(this.#scheduler.nowMs()).toISOString(),
      state: this.#isOpen ? 'open' : 'closed',
      cause,
      ...(this.#commandId === undefined ? {} : { commandId: this.#commandId }),
      flowLitresPerMinute: Number(flowLitresPerMinute.toFixed(2)),
      totalLitres: Number(totalLitres.toFixed(2)),
    };
    this.#link.publishNow(topicOf('valveState', this.#options.device), state);
  }
}
