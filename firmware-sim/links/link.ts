/** One MQTT message of a device. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly retain?: boolean;
}

export interface HeardMessage {
  readonly topic: string;
  readonly payload: string;
  /** It was kept by the broker, and is no answer to anything that happens now. */
  readonly retained: boolean;
}

/** Who has a connection of its own, and what it needs of it. */
export interface Speaker {
  /** User name and client id. */
  readonly identity: string;
  /** Filters of what it listens to. */
  readonly subscriptions: readonly string[];
  /** Where it says that it is there, retained; `offline` is its last will. */
  readonly presence:
    | { readonly topic: string; readonly online: string; readonly offline: string }
    | undefined;
}

export interface Hearing {
  /** Called after each connection, when subscribed and announced. */
  connected(): void;
  received(message: HeardMessage): void;
}

/** A speaker's connection. It comes back by itself. */
export interface Link {
  start(hearing: Hearing): void;
  /**
   * `keep`: a reading, sent now or after the next connection. `now`: a state or an answer, sent now or not at all, because
   * a late one would be untrue.
   */
  publish(message: Message, when: 'keep' | 'now'): void;
  /** False takes it off the air without a goodbye, as a dead radio or a power cut does; true lets it come back. */
  reach(isReachable: boolean): void;
  stop(): Promise<void>;
}

export type LinkFactory = (speaker: Speaker) => Link;

/** Whether an MQTT topic falls under a filter with `+` and `#`. */
export function topicMatches(filter: string, topic: string): boolean {
  if (filter === topic || filter === '#') return true;
  if (!filter.includes('+') && !filter.endsWith('#')) return false;
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  for (const [index, part] of wanted.entries()) {
    if (part === '#') return true;
    if (levels[index] === undefined || (part !== '+' && part !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
