import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

export const STREAM = 'NONGTIN_UPLINK';
export const CONSUMER = 'ingest';

const MINUTE_MS = 60_000;
const GIB = 2 ** 30;
/** A worker that has not answered by then is taken to be dead. */
const ACK_WAIT_MS = 30_000;
/** Over all workers. */
const MOST_UNDER_WAY = 20_000;

/**
 * What gateways sent and no worker has acknowledged yet; acknowledged, it is gone. It is a buffer, not the store: a gateway
 * keeps its entries until it is answered and sends them again after a while, so old messages, and more than a few of
 * one gateway, are worth nothing. That bounds it when no worker runs.
 */
function streamConfig(subjects: readonly string[], replicas: number) {
  return {
    name: STREAM,
    subjects: [...subjects],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(15 * MINUTE_MS),
    max_msgs_per_subject: 16,
    max_bytes: 4 * GIB,
    num_replicas: replicas,
  } satisfies Partial<StreamConfig>;
}

const consumerConfig = {
  durable_name: CONSUMER,
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ACK_WAIT_MS),
  max_ack_pending: MOST_UNDER_WAY,
} satisfies Partial<ConsumerConfig>;

/** Makes both, or brings them up to date. Workers that start at once make the same. */
export async function ensureStream(
  manager: JetStreamManager,
  subjects: readonly string[],
  replicas: number,
): Promise<void> {
  const wanted = streamConfig(subjects, replicas);
  const there = await manager.streams.info(STREAM).catch(ifNotFound);
  if (there === undefined) await manager.streams.add(wanted);
  else if (differs(there.config, wanted)) await manager.streams.update(STREAM, wanted);
  const consumer = await manager.consumers.info(STREAM, CONSUMER).catch(ifNotFound);
  if (consumer === undefined) await manager.consumers.add(STREAM, consumerConfig);
}

function differs(there: StreamConfig, wanted: ReturnType<typeof streamConfig>): boolean {
  return Object.entries(wanted).some(
    ([name, value]) => JSON.stringify(there[name as keyof StreamConfig]) !== JSON.stringify(value),
  );
}

/** 10059: no such stream, 10014: no such consumer (nats-server, errors.json). */
function ifNotFound(error: unknown): undefined {
  const { code } = error as { code?: number };
  if (code === 10059 || code === 10014) return undefined;
  throw error;
}
