import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { PinDelays } from './delays.ts';
import { outOfUse, type StampState } from './life.ts';
import { stateOf } from './life-store.ts';
import { PIN_DIGITS } from './pin.ts';
import type { Stamps } from './stamps.ts';

export interface Activation {
  /** The scratch PIN that a buyer has typed. */
  activate(order: {
    readonly gtin14: string;
    readonly serial: string;
    readonly pin: string;
    /** Address of the client's socket. */
    readonly client: string;
  }): Promise<ActivationResult>;
}

/**
 * activated: the PIN is right; `isFirst`: nobody had said it before. refused: the PIN is wrong or there is no such stamp, which
 * is told to nobody. wait: not judged, whatever it is. not_a_pin: cannot be one.
 */
type ActivationResult =
  | { readonly kind: 'activated'; readonly isFirst: boolean; readonly activatedAtMs: number }
  | { readonly kind: 'refused' | 'not_a_pin' }
  /** The PIN is right, and the stamp out of use. */
  | { readonly kind: 'withdrawn'; readonly state: StampState }
  | { readonly kind: 'wait'; readonly seconds: number };

interface ActivationOptions {
  readonly db: Kysely<Schema>;
  readonly stamps: Stamps;
  readonly delays: PinDelays;
  readonly clock: { nowMs(): number };
}

/** First use of scratch PINs. Of an activation its stamp and time are kept, and nothing about who did it. */
export function createActivation({ db, stamps, delays, clock }: ActivationOptions): Activation {
  return {
    activate: async ({ gtin14, serial, pin: typed, client }) => {
      const pin = typed.replace(/[\s.-]/g, '');
      if (!/^[0-9]+$/.test(pin) || pin.length !== PIN_DIGITS) return { kind: 'not_a_pin' };
      // Before the transaction: it reads the batch, by a connection of its own.
      const stamp = await stamps.findByPin(gtin14, serial, pin);
      const at = { client, stamp: `${gtin14} ${serial.toUpperCase()}` };
      const tried = await delays.attempt(db, at, async (transaction) => ({
        isRight: stamp !== undefined,
        ...(stamp && (await markActivated(transaction, stamp, clock.nowMs()))),
      }));
      if (tried.kind === 'wait') return { kind: 'wait', seconds: Math.ceil(tried.ms / 1000) };
      const { activatedAtMs, isFirst = false, state } = tried.value as Partial<Activated & Withdrawn>;
      if (state !== undefined) return { kind: 'withdrawn', state };
      return activatedAtMs === undefined
        ? { kind: 'refused' }
        : { kind: 'activated', isFirst, activatedAtMs };
    },
  };
}

interface Activated {
  readonly isFirst: boolean;
  readonly activatedAtMs: number;
}

interface Withdrawn {
  readonly state: StampState;
}

/** The first time stands, whatever comes later. */
async function markActivated(
  db: Kysely<Schema>,
  { batch, index }: { batch: { batchNumber: string }; index: number },
  nowMs: number,
): Promise<Activated | Withdrawn> {
  const key = { batch_number: Number(batch.batchNumber), stamp_index: index };
  // Shared: what becomes of the stamp at this moment comes before or after.
  await db
    .selectFrom('stamp_batches')
    .select('batch_number')
    .where('batch_number', '=', key.batch_number)
    .forShare()
    .execute();
  const { state } = await stateOf(db, key.batch_number, index);
  if (outOfUse.includes(state)) return { state };
  const inserted = await db
    .insertInto('stamp_activations')
    .values({ ...key, activated_at_ms: nowMs })
    .onConflict((conflict) => conflict.doNothing())
    .returning('activated_at_ms')
    .executeTakeFirst();
  if (inserted !== undefined) return { isFirst: true, activatedAtMs: nowMs };
  const { activated_at_ms: activatedAtMs } = await db
    .selectFrom('stamp_activations')
    .select('activated_at_ms')
    .where('batch_number', '=', key.batch_number)
    .where('stamp_index', '=', index)
    .executeTakeFirstOrThrow();
  return { isFirst: false, activatedAtMs };
}
