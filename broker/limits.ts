/** What one client, and all together, may take of the broker. */
export interface BrokerLimits {
  /** Open connections, authenticated or not. */
  readonly connections: number;
  /** Largest packet before the client has proved who it is, in bytes. */
  readonly unauthenticatedPacketBytes: number;
  /** Largest packet after that, in bytes. */
  readonly packetBytes: number;
  /** Time a new connection has for its CONNECT, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Time that stopping waits for messages under way, in milliseconds. */
  readonly drainMs: number;
  /** Of one connection; a faster one is made to wait. */
  readonly messagesPerSecond: number;
  /** Of one identity, at the same time. */
  readonly connectionsOfOne: number;
  /** What may wait in memory for a client that reads too slowly, in bytes; above it the connection is dropped. */
  readonly unreadBytes: number;
  /** How often the broker tells of itself under `$SYS`, in milliseconds. */
  readonly sysEveryMs: number;
  /** Time that those who were connected before a restart have to come back before their last will is told, in milliseconds. */
  readonly leftWillMs: number;
}

export const DEFAULT_LIMITS: BrokerLimits = {
  connections: 1_000,
  unauthenticatedPacketBytes: 16 * 1024,
  // 1 MiB of payload, and 64 KiB for topic and header.
  packetBytes: (1024 + 64) * 1024,
  connectTimeoutMs: 10_000,
  drainMs: 2_000,
  messagesPerSecond: 10_000,
  connectionsOfOne: 20,
  unreadBytes: 4 * 1024 * 1024,
  sysEveryMs: 10_000,
  leftWillMs: 90_000,
};
