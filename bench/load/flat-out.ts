import { setTimeout as delay } from 'node:timers/promises';
import type { BrokerSide } from '../sides/brokers.ts';
import { cpuSecondsOf } from '../sides/processes.ts';
import { READINGS_TOPIC } from '../sides/side.ts';
import { gatherCrowd } from './crowd.ts';
import { connectGenerator } from './generator.ts';

export interface FlatOutOptions {
  readonly qos: 0 | 1;
  /** One connection each. No two loads on a process may have one in common: their times would come twice. */
  readonly devices: readonly string[];
  /** Messages on their way at once, on each connection. */
  readonly window: number;
  readonly warmUpSeconds: number;
  /** After the warm-up. */
  readonly seconds: number;
}

export interface FlatOut {
  readonly messagesPerSecond: number;
  /** Of the broker's process, the warm-up included. */
  readonly cpuSecondsPer10k: number;
}

const MESSAGE_BYTES = 121;
/** More than any broker takes: the windows alone hold the devices back. */
const OFFERED_PER_SECOND = 1_000_000;

/** As many messages as a broker takes. `beside` begins with them. */
export async function flatOut(
  side: BrokerSide,
  options: FlatOutOptions,
  beside: () => Promise<void> = async () => {},
): Promise<FlatOut> {
  const { qos, devices, window, warmUpSeconds, seconds } = options;
  const generator = await connectGenerator({
    ...{ host: '127.0.0.1', port: side.port, topic: READINGS_TOPIC, qos },
    devices: devices.map((id) => ({ id, password: side.password(id) })),
    ...{ messagesPerSecond: OFFERED_PER_SECOND, warmUpSeconds, seconds: warmUpSeconds + seconds },
    ...{ window, marks: 'time', messageBytes: MESSAGE_BYTES, epochMs: Date.now(), settleMs: 0 },
  });
  const cpuBefore = cpuSecondsOf(side.pid);
  const [load] = await Promise.all([generator.run(), beside()]);
  const cpuSeconds = cpuSecondsOf(side.pid) - cpuBefore;
  const { sent, resent, acknowledged, steadyPerSecond } = load;
  if (resent > 0 || sent - acknowledged > devices.length * window)
    throw new Error(`${side.name} broke connections off under load`);
  return { messagesPerSecond: steadyPerSecond, cpuSecondsPer10k: (cpuSeconds * 10_000) / acknowledged };
}

/** How many of these messages reach one who hears them all, at QoS 0, in a second. */
export async function fanOut(side: BrokerSide, listener: string, options: FlatOutOptions): Promise<number> {
  const clients = [{ id: listener, password: side.password(listener) }];
  const filter = READINGS_TOPIC.replace('{device}', '+');
  const crowd = await gatherCrowd({ port: side.port, clients, filter });
  try {
    let perSecond = Number.NaN;
    await flatOut(side, options, async () => {
      await delay(options.warmUpSeconds * 1_000);
      const [before, fromMs] = [await crowd.heard(), performance.now()];
      // A little less: afterwards there is nothing to hear.
      await delay(options.seconds * 950);
      const [after, toMs] = [await crowd.heard(), performance.now()];
      perSecond = ((after - before) * 1_000) / (toMs - fromMs);
    });
    return perSecond;
  } finally {
    await crowd.stop();
  }
}
