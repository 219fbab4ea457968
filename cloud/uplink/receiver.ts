import { type UplinkAnswer, UplinkEntries, type UplinkEntry } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import { type Checked, checkEntries, publicKeyFrom, type Refusal, type RefusalKind } from './check.ts';
import { type EntryStore, type Head, HeadMoved, StoreFailure } from './entry-store.ts';
import { unpack } from './unpack.ts';

/** What the cooperative knows of a gateway. */
export interface GatewayKey {
  /** Ed25519, 64 hex digits. */
  readonly publicKey: string;
  readonly revoked: boolean;
  /** Why, in the words of who revoked it; they go back to the gateway. */
  readonly revokedReason?: string;
}

export interface ReceiverOptions {
  readonly entries: EntryStore;
  readonly keyOf: (gateway: string) => Promise<GatewayKey | undefined>;
  /** Called after entries became durable. */
  readonly onAppended: (gateway: string) => void;
  /**
   * Asked before a message is refused because of a gap, with how often it was asked: what is missing may be with
   * another worker. Resolves after a while, with false when that was long enough. Without it a gap is told at once.
   */
  readonly awaitPredecessor?: (times: number) => Promise<boolean>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** Figures of one gateway since the process started. */
export interface Traffic {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refusals: Readonly<Partial<Record<RefusalKind, number>>>;
  readonly lastRefusal?: Refusal & { readonly atMs: number };
  /** The refusal that stands: nothing was taken since. */
  readonly refusing?: Refusal & { readonly sinceMs: number };
}

/** What was found of a message, beside the head it was held against. */
type Settled = Checked & { readonly head: Head | undefined };

/** A gateway sends one message after the other; more than one of them at a time means resending. */
const MOST_CHECKS = 20;

const validator = Compile(UplinkEntries);

/** Takes the gateways' messages: checks, makes durable, answers. Messages of one gateway are taken one by one. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #traffic = new Map<string, Traffic>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Never rejects: whatever arrives is answered, so that one message cannot stop the next. */
  receive(gateway: string, message: Uint8Array): Promise<UplinkAnswer> {
    const before = this.#queues.get(gateway) ?? Promise.resolve();
    const answer = before.then(() => this.#take(gateway, message));
    this.#queues.set(gateway, answer);
    void answer.then(() => {
      if (this.#queues.get(gateway) === answer) this.#queues.delete(gateway);
    });
    return answer;
  }

  traffic(gateway: string): Traffic {
    return this.#traffic.get(gateway) ?? { accepted: 0, duplicates: 0, refusals: {} };
  }

  /** Gateways that sent something since the process started. */
  known(): string[] {
    return [...this.#traffic.keys()];
  }

  /** Resolves when everything received so far is answered. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  async #take(gateway: string, message: Uint8Array): Promise<UplinkAnswer> {
    try {
      const offered = await parseMessage(message);
      const { head, ...checked } = await this.#settle(gateway, offered);
      this.#count(gateway, checked);
      return answerOf(checked.fresh.at(-1)?.number ?? head?.number ?? 0, checked.refused);
    } catch (error) {
      // Ours, not the gateway's: it keeps its entries and tries again.
      const { refused, told } = failureOf(error);
      this.#options.logger.error({ err: error, gateway }, told);
      this.#count(gateway, { fresh: [], duplicates: 0, refused });
      return answerOf(await this.#heldNumber(gateway), refused);
    }
  }

  /** Checks and keeps; again when another process has appended to this chain meanwhile, or may be about to. */
  async #settle(gateway: string, offered: UplinkEntries | undefined): Promise<Settled> {
    const { awaitPredecessor = async () => false } = this.#options;
    for (let times = 1; ; times += 1) {
      const settled = await this.#check(gateway, offered);
      const misses = settled.refused?.kind === 'gap' && settled.fresh.length === 0;
      if (misses && (await awaitPredecessor(times))) continue;
      try {
        await this.#keep(gateway, settled);
        return settled;
      } catch (error) {
        if (!(error instanceof HeadMoved) || times >= MOST_CHECKS) throw error;
      }
    }
  }

  async #check(gateway: string, offered: UplinkEntries | undefined): Promise<Settled> {
    const { entries, keyOf } = this.#options;
    const head = await entries.head(gateway);
    const refuse = (number: number, kind: RefusalKind, reason: string): Settled => ({
      ...{ head, fresh: [], duplicates: 0 },
      refused: { number, kind, reason },
    });
    if (offered === undefined) return refuse(0, 'not_entries', 'the message is not UplinkEntries');
    const first = offered.entries[0]?.number ?? 0;
    const known = await keyOf(gateway);
    if (known === undefined) return refuse(first, 'not_registered', 'gateway not registered');
    if (known.revoked) return refuse(first, 'revoked', revocationWords(known.revokedReason));
    const old = offered.entries.map(({ number }) => number).filter((number) => number <= (head?.number ?? 0));
    const hashes = old.length === 0 ? undefined : await entries.hashes(gateway, old);
    const held = { head, hashOf: (number: number) => hashes?.get(number) };
    return { head, ...checkEntries(offered.entries, publicKeyFrom(known.publicKey), held) };
  }

  async #keep(gateway: string, { head: after, fresh, fork }: Settled): Promise<void> {
    const { entries, clock, onAppended, logger } = this.#options;
    if (fresh.length > 0) {
      await entries.append(gateway, fresh, { after, receivedAtMs: clock.nowMs() });
      onAppended(gateway);
    }
    if (fork !== undefined) {
      await entries.keepFork(gateway, fork.offered, fork.heldHash, clock.nowMs());
      logger.error({ gateway, number: fork.offered.number }, 'a gateway signed two histories');
    }
  }

  #count(gateway: string, { fresh, duplicates, refused }: Checked): void {
    const { accepted, duplicates: earlier, refusals, lastRefusal, refusing } = this.traffic(gateway);
    const nowMs = Math.trunc(this.#options.clock.nowMs());
    const last = refused === undefined ? lastRefusal : { ...refused, atMs: nowMs };
    this.#traffic.set(gateway, {
      accepted: accepted + fresh.length,
      duplicates: earlier + duplicates,
      refusals:
        refused === undefined ? refusals : { ...refusals, [refused.kind]: (refusals[refused.kind] ?? 0) + 1 },
      ...(last === undefined ? {} : { lastRefusal: last }),
      ...(refused && { refusing: standing(refusing, { ...refused, sinceMs: nowMs }) }),
    });
    if (refused !== undefined) this.#options.logger.warn({ gateway, ...refused }, 'entries refused');
  }

  async #heldNumber(gateway: string): Promise<number> {
    try {
      return (await this.#options.entries.head(gateway))?.number ?? 0;
    } catch {
      return 0;
    }
  }
}

type Refusing = NonNullable<Traffic['refusing']>;

/** The same again stands since it came first; and what is missing behind a refused entry is only its consequence. */
function standing(before: Refusing | undefined, now: Refusing): Refusing {
  if (before === undefined) return now;
  const isSame = before.number === now.number && before.kind === now.kind;
  return isSame || (now.kind === 'gap' && now.number > before.number) ? before : now;
}

function failureOf(error: unknown): { readonly refused: Refusal; readonly told: string } {
  if (error instanceof StoreFailure) {
    const reason = 'the cloud cannot store entries now';
    return { refused: { number: 0, kind: 'storage', reason }, told: 'entries could not be stored' };
  }
  const reason = 'something broke in the cloud; its log says what';
  return { refused: { number: 0, kind: 'our_fault', reason }, told: 'a message could not be taken' };
}

function answerOf(durableUpTo: number, refused: Refusal | undefined): UplinkAnswer {
  if (refused === undefined) return { durableUpTo };
  return { durableUpTo, refused };
}

function revocationWords(reason = ''): string {
  return reason === '' ? 'gateway revoked' : `gateway revoked: ${reason}`;
}

async function parseMessage(message: Uint8Array): Promise<UplinkEntries | undefined> {
  try {
    const value = await unpack(message);
    return validator.Check(value) && value.entries.every(hasExactNumbers) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** 1e300 is an integer too, but neither a number of an entry nor storable. */
function hasExactNumbers(entry: UplinkEntry): boolean {
  const { number, monotonicMs, count, firstAtMs, lastAtMs } = entry;
  return [number, monotonicMs, count, firstAtMs, lastAtMs].every(Number.isSafeInteger);
}
