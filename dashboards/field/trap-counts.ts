import type { DiaryRevision, Waiting } from '@nongtin/broker/wire/diary';
import { newId } from '../ui/id.ts';
import { attachmentOf } from './diary-files.ts';
import { DiaryStore, type HeldFile } from './diary-store.ts';
import { gatewayDoor, syncDiary } from './diary-sync.ts';
import type { Trap } from './pests.ts';

/** A look at a trap; times are the farm's own, 'YYYY-MM-DDTHH:MM'. */
export interface TrapLook {
  readonly trap: Pick<Trap, 'id' | 'name' | 'plot'>;
  readonly count: number;
  readonly countedAt: string;
  /** Null: since the look before. */
  readonly since: string | null;
  /** As people call it, for the diary's line. */
  readonly pest: string;
}

type Fields = DiaryRevision['set'];

/** A count as the diary has it: an observation with a trap. */
export function fieldsOfLook({ trap, count, countedAt, since, pest }: TrapLook, doneBy: string): Fields {
  const [date = '', startTime = ''] = countedAt.split('T');
  const [sinceDate, sinceTime] = since?.split('T') ?? [];
  return {
    ...{ date, startTime, plot: trap.plot, trap: trap.id, count, doneBy },
    what: `${trap.name}: ${pest}`,
    ...(sinceDate === undefined || sinceTime === undefined ? {} : { sinceDate, sinceTime }),
  };
}

/** What became of a count: at the gateway, on the phone until it is in reach, or refused with why. */
export type Kept = 'sent' | 'waiting' | NonNullable<Waiting['problems']>[number];

/**
 * Counts of traps where no diary is open: into the diary's store on the phone first, and from there to the gateway, with whatever else
 * waits. Who signs in as somebody else later sends nothing of it.
 */
export class TrapCounts {
  readonly #writer: { readonly id: string; readonly name: string };
  readonly #store: Promise<DiaryStore>;

  constructor(writer: { readonly id: string; readonly name: string }) {
    this.#writer = writer;
    this.#store = DiaryStore.open();
    // Who keeps a count hears of it.
    this.#store.catch(() => {});
  }

  /** On the phone when it is sent; rejects where the browser keeps nothing. */
  async keep(look: TrapLook, photo: HeldFile | null): Promise<Kept> {
    const store = await this.#store;
    const files = photo === null ? [] : [photo];
    const revision: DiaryRevision = {
      ...{
        revisionId: newId(),
        entryId: newId(),
        entryKind: 'observation',
        author: this.#writer.id,
        madeOn: [],
      },
      ...{ phoneAtMs: Date.now(), attach: files.map(attachmentOf), detach: [] },
      set: fieldsOfLook(look, this.#writer.name),
    };
    await store.make(revision, this.#writer.name, files);
    await this.send();
    const left = (await this.#mine()).find((one) => one.revision.revisionId === revision.revisionId);
    const [problem] = left?.problems ?? [];
    if (problem === undefined) return left === undefined ? 'sent' : 'waiting';
    // The form is still open: what is written there anew is another revision.
    await store.discard(revision.revisionId);
    return problem;
  }

  /** What waits is sent, as far as somebody answers. Resolves with how many counts wait still. */
  async send(): Promise<number> {
    const store = await this.#store;
    const waiting = await this.#mine();
    if (waiting.length === 0 && (await store.files()).length === 0) return 0;
    await syncDiary(store, gatewayDoor, this.#writer.id).catch(() => {});
    return (await this.#mine()).filter(({ revision }) => typeof revision.set.trap === 'string').length;
  }

  async #mine(): Promise<Waiting[]> {
    return (await this.#store).waiting(this.#writer.id);
  }
}
