import type { Marks } from './payload.ts';

/** What the load generator is told on its stdin. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  /** One connection each. Without a password there is no login. */
  readonly devices: readonly { readonly id: string; readonly password?: string | undefined }[];
  /** `{device}` stands for the device's id. */
  readonly topic: string;
  /** Default 1. At 0 a message counts as acknowledged when the broker has answered a ping that was sent after it. */
  readonly qos?: 0 | 1;
  /** Of all devices together. */
  readonly messagesPerSecond: number;
  readonly seconds: number;
  /** Messages on their way at once, on each connection. */
  readonly window: number;
  readonly marks: Marks;
  /** Numeric fields in each message: four, or the first of them alone; default 4. */
  readonly fields?: 1 | 4;
  /** Shorter messages are filled up with spaces. */
  readonly messageBytes?: number;
  /** The devices' clocks at the beginning, in milliseconds since 1970 UTC. */
  readonly epochMs: number;
  /** Between two messages of a device, by its clock; default: as they are sent. */
  readonly stepMs?: number;
  /** What has become due is sent so often; default 5. */
  readonly tickMs?: number;
  /** How long it waits for acknowledgements after the end; default 10,000. */
  readonly settleMs?: number;
  /** What comes before is left out of `steadyPerSecond`; default 0. */
  readonly warmUpSeconds?: number;
}

interface DeviceResult {
  readonly sent: number;
  readonly unacknowledged: readonly number[];
}

/** What it prints in the end. Latencies run from the moment a message is due, not from when there was room for it. */
export interface LoadResult {
  readonly event: 'done';
  readonly sent: number;
  readonly acknowledged: number;
  /** By device: how many it has sent, and the numbers of those that were never acknowledged. */
  readonly devices: Readonly<Record<string, DeviceResult>>;
  /** Sent once more after a broken connection. */
  readonly resent: number;
  /** Until the last acknowledgement. */
  readonly seconds: number;
  /** Acknowledged in a second, from the end of the warm-up to the end. */
  readonly steadyPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of the generator itself. */
  readonly cpuSeconds: number;
}
