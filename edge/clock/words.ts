import type { ClockRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { OpenJournal } from '../journal/index.ts';
import { type Boot, type Boots, type Doubt, saveOrTell, type Word } from './boots.ts';
import type { GatewayClock } from './gateway-clock.ts';
import type { Machine } from './system.ts';
import type { ClockSource } from './trust.ts';
import { errorOf } from './word.ts';

interface WordsOptions {
  readonly boots: Boots;
  readonly clock: GatewayClock;
  readonly machine: Pick<Machine, 'uptimeMs' | 'bootId'>;
  readonly logger: Logger;
}

/** What boots were dated by somebody's word, and which of their readings to flag when that word proves wrong. */
export class Words {
  readonly #options: WordsOptions;

  constructor(options: WordsOptions) {
    this.#options = options;
  }

  /** The boot that runs was dated: its clock said `provisionalMs`, and the word was `utcMs`. */
  noteCurrent(bootId: string, firstNumber: number, provisionalMs: number, utcMs: number): void {
    const { machine } = this.#options;
    const machineBootId = machine.bootId();
    this.#note({
      ...{ bootId, firstNumber, provisionalMs, utcMs, uptimeMs: machine.uptimeMs() },
      ...(machineBootId === undefined ? {} : { machineBootId }),
    });
  }

  /** An earlier boot was dated: it began at `utcMs`. */
  noteEarlier(boot: Boot, utcMs: number): void {
    const { bootId, startedAtMs: provisionalMs, uptimeMs, machineBootId } = boot;
    const firstNumber = boot.beganAtNumber ?? boot.firstNumber ?? 1;
    const machine = machineBootId === undefined ? {} : { machineBootId };
    this.#note({ bootId, firstNumber, provisionalMs, utcMs, uptimeMs, ...machine });
  }

  /** The series store has this doubt's flags; it may have grown meanwhile. */
  told(doubt: Doubt): void {
    const { boots } = this.#options;
    const kept = boots.doubts().find(({ bootId }) => bootId === doubt.bootId);
    if (kept?.lastNumber === doubt.lastNumber) boots.doubt({ ...doubt, isTold: true });
  }

  /**
   * By the time it is now. Each boot whose word was wrong gets a clock record that says so, and is doubted up to that
   * record. By a time server nothing more is to be learned: the words are forgotten.
   */
  async review(journal: Pick<OpenJournal, 'bootId' | 'appendRecord'>, source: ClockSource): Promise<Doubt[]> {
    const { boots, clock, machine } = this.#options;
    const utcMs = clock.nowMs();
    const here = { uptimeMs: machine.uptimeMs(), machineBootId: machine.bootId(), bootId: journal.bootId };
    const doubts: Doubt[] = [];
    const reviewed = new Map<Word, Word>();
    for (const word of boots.words()) {
      const aheadMs = errorOf(word, { utcMs, ...here });
      const right = { ...word, utcMs: Math.round(word.utcMs - (aheadMs ?? 0)) };
      reviewed.set(word, right);
      if (aheadMs === undefined) continue;
      const record: ClockRecord = {
        ...{ kind: 'clock', atMs: utcMs, bootId: word.bootId, source },
        ...{ provisionalMs: right.provisionalMs, utcMs: right.utcMs },
      };
      const lastNumber = await journal.appendRecord(record);
      const { bootId, firstNumber } = word;
      const doubt = { bootId, firstNumber, lastNumber, isTold: false };
      this.#save(() => boots.doubt(doubt));
      doubts.push(doubt);
    }
    // Another word may have come while the records were journaled.
    const words = boots.words().flatMap((word) => {
      if (source === 'system' && reviewed.has(word)) return [];
      return [reviewed.get(word) ?? word];
    });
    if (boots.words().length > 0) this.#save(() => boots.keepWords(words));
    return doubts;
  }

  #note(word: Word): void {
    const { boots } = this.#options;
    this.#save(() =>
      boots.keepWords([...boots.words().filter(({ bootId }) => bootId !== word.bootId), word]),
    );
  }

  #save(change: () => void): void {
    saveOrTell(this.#options.logger, change);
  }
}
