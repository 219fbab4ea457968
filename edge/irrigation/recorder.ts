import type { HandsOffRecord, RunRecord } from '@nongtin/broker/wire';
import type { IrrigationOptions } from './options.ts';

/** Journals what needs nobody to wait for it; what cannot be written is said in the log. */
export class Recorder {
  readonly #options: Pick<IrrigationOptions, 'journal' | 'logger' | 'onRun'>;

  constructor(options: Pick<IrrigationOptions, 'journal' | 'logger' | 'onRun'>) {
    this.#options = options;
  }

  run(record: RunRecord): void {
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

  /** Closing does not wait for it, and until a restart it is known anyway. */
  handsOff(record: HandsOffRecord): void {
    const { journal, logger } = this.#options;
    journal
      .appendRecord(record)
      .catch((error: unknown) =>
        logger.error({ err: error, zone: record.zone }, 'a stop by hand is not in the journal'),
      );
  }
}
