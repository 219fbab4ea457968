import { startHelper } from './helper.ts';

/** What a consumer is told on its stdin. */
export interface ConsumerOptions {
  readonly client: 'ours' | 'mqttJs';
  readonly port: number;
  /** For its journal. */
  readonly folder: string;
  readonly devices: readonly string[];
}

/** Since it started. */
export interface ConsumerCounts {
  /** Messages on its disk. */
  readonly durable: number;
  /** Of its journal, each with an fsync. */
  readonly commits: number;
  readonly atMs: number;
}

/** The consumer from its parent's side: connected. */
export interface Consumer {
  counts(): Promise<ConsumerCounts>;
  stop(): Promise<void>;
}

export async function startConsumer(options: ConsumerOptions): Promise<Consumer> {
  const helper = startHelper('./consumer-main.ts');
  helper.tell(JSON.stringify(options));
  await helper.next();
  return {
    counts() {
      helper.tell('counts');
      return helper.next<ConsumerCounts>();
    },
    stop: helper.stop,
  };
}
