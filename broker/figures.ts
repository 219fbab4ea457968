import type { Reach } from './external/reach.ts';
import manifest from './package.json' with { type: 'json' };
import type { Refusal, RefusalCause } from './refusals.ts';

export interface BrokerStats {
  readonly connected: number;
  /** Messages taken from clients since the start, by QoS; refused ones are not among them. */
  readonly publishReceived: Readonly<Record<0 | 1 | 2, number>>;
  /** Messages that wait for the durability hook now. */
  readonly waitingForHook: number;
  /** Sessions that outlive their connections, the messages that wait in them, and those given up since the start. */
  readonly lasting: {
    readonly sessions: number;
    readonly away: number;
    readonly waiting: number;
    readonly dropped: number;
  };
  /** Topics with a retained message. */
  readonly retained: number;
  /** Refusals since the start. */
  readonly refused: Readonly<Record<RefusalCause, number>>;
  /** The newest 50, newest last. */
  readonly lastRefusals: readonly Refusal[];
  /** Of a broker elsewhere; absent: it is our own. */
  readonly external?: Reach;
}

/** What the broker tells of itself, under the names that Mosquitto uses, so that its tools show it (mosquitto(8)). */
export function sysTopics(stats: BrokerStats, upSeconds: number): Record<`$SYS/broker/${string}`, string> {
  const { connected, lasting, retained, publishReceived, refused } = stats;
  const sum = (counts: Readonly<Record<string, number>>) =>
    String(Object.values(counts).reduce((total, count) => total + count, 0));
  return {
    '$SYS/broker/version': `nongtin ${manifest.version}`,
    '$SYS/broker/uptime': `${Math.floor(upSeconds)} seconds`,
    '$SYS/broker/clients/connected': String(connected),
    '$SYS/broker/clients/disconnected': String(lasting.away),
    '$SYS/broker/publish/messages/received': sum(publishReceived),
    '$SYS/broker/publish/messages/dropped': String(lasting.dropped),
    '$SYS/broker/store/messages/count': String(lasting.waiting),
    '$SYS/broker/retained messages/count': String(retained),
    // Ours: all causes together; /metrics has each.
    '$SYS/broker/refused': sum(refused),
  };
}
