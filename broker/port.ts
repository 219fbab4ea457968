import type { BrokerStats } from './figures.ts';

/** To whoever is connected and has asked for it, at once; never kept for who is away, never sent again by itself. */
export interface CommandOptions {
  readonly atOnce: true;
}

/**
 * What a gateway needs of the broker that its devices speak to: the one in its own process (broker.ts), or one elsewhere
 * (external/). Both are held to the same suite, port.suite.ts.
 */
export interface FarmBroker {
  /** The embedded one throws a StartProblem when its port is taken. One elsewhere may be away: this starts all the same. */
  start(): Promise<void>;
  /** Takes no more, waits for messages under way and acknowledges them, then closes every connection. */
  stop(): Promise<void>;
  /** Sends a command as the controller. Rejects when it cannot go out now; whoever commands repeats it until it is answered. */
  publish(topic: string, payload: string | Uint8Array, options: CommandOptions): Promise<void>;
  /** This identity's credential was revoked or replaced: what it says over older connections counts no more. */
  disconnect(identity: string): void;
  stats(): BrokerStats;
  /** The port it listens on, once started; 0: it has none of its own. */
  readonly port: number;
}
