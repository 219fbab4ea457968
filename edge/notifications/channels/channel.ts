import type { Reason } from '@nongtin/broker/wire';
import type { ChannelName, Language, Priority } from '../settings.ts';

/** A message as a channel gets it; the same id whenever it is tried again. */
export interface Message {
  readonly id: string;
  /** Of the channel's own kind: a chat, an address, a number, a URL; for web push the person. Never logged. */
  readonly to: string;
  readonly priority: Priority;
  readonly language: Language;
  readonly title: string;
  /** Whole, with the link. */
  readonly text: string;
  /** For SMS, with the link. */
  readonly short: string;
  readonly link: string | null;
  readonly createdAtMs: number;
  /** Of no use after that. */
  readonly expiresAtMs: number;
}

/**
 * What a service says to a message. `accepted` is its word that it will deliver, not that somebody has read it. `refused`: it
 * will say so again, however often it is asked.
 */
export type Outcome =
  | { readonly outcome: 'accepted'; readonly reference?: string }
  | { readonly outcome: 'later'; readonly reason: Reason; readonly afterMs?: number }
  | { readonly outcome: 'refused'; readonly reason: Reason };

/**
 * One way to people. send() is called for one message at a time and never rejects: whatever goes wrong has an outcome. It
 * ends soon after the signal fires, with `later`. stop() lets go of what it holds; nothing is sent after it.
 */
export interface Channel {
  readonly name: ChannelName;
  send(message: Message, signal: AbortSignal): Promise<Outcome>;
  /** Whether it could deliver now, as far as that is found out without sending anything; never while it sends. Absent: nobody can say. */
  check?(signal: AbortSignal): Promise<Outcome>;
  stop(): Promise<void>;
}

export const accepted = (reference?: string): Outcome => ({
  outcome: 'accepted',
  ...(reference === undefined ? {} : { reference }),
});

type Figures = Readonly<Record<string, string | number>>;

export const later = (key: string, figures: Figures = {}, afterMs?: number): Outcome => ({
  outcome: 'later',
  reason: { key, figures },
  ...(afterMs === undefined ? {} : { afterMs }),
});

export const refused = (key: string, figures: Figures = {}): Outcome => ({
  outcome: 'refused',
  reason: { key, figures },
});
