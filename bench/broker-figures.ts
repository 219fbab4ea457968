import type { FlatOut } from './load/flat-out.ts';
import { type Figure, figureOf, type Measurement } from './result.ts';
import type { BrokerName } from './sides/brokers.ts';

/** What one run has found of one broker. */
export interface Found {
  readonly connectSeconds: number;
  readonly bytesPerIdleClient: number;
  /** With so many messages on their way that no side waits for another. */
  readonly qos1: FlatOut;
  /** With few. */
  readonly qos1Narrow: FlatOut;
  readonly qos0: FlatOut;
  readonly fanOutPerSecond: number;
}

/** One run; a peer that is not installed is left out. */
export type Measured = Readonly<Partial<Record<BrokerName, Found>>>;

type Pick = (found: Found) => number;
const QUANTITIES: readonly (readonly [name: string, unit: string, pick: Pick])[] = [
  ['qos1MessagesPerSecond', '1/s', ({ qos1 }) => qos1.messagesPerSecond],
  ['qos1MessagesPerSecondAt10x20', '1/s', ({ qos1Narrow }) => qos1Narrow.messagesPerSecond],
  ['qos0MessagesPerSecond', '1/s', ({ qos0 }) => qos0.messagesPerSecond],
  ['fanOutMessagesPerSecond', '1/s', ({ fanOutPerSecond }) => fanOutPerSecond],
  ['qos1CpuSecondsPer10k', 'CPU s/10,000', ({ qos1 }) => qos1.cpuSecondsPer10k],
  ['qos1CpuSecondsPer10kAt10x20', 'CPU s/10,000', ({ qos1Narrow }) => qos1Narrow.cpuSecondsPer10k],
  ['connectStormSeconds', 's', ({ connectSeconds }) => connectSeconds],
  ['bytesPerIdleClient', 'bytes', ({ bytesPerIdleClient }) => bytesPerIdleClient],
];
const PEERS: readonly BrokerName[] = ['plainAedes', 'mosquitto'];

/** Ours have no name in front; what ours acknowledges at QoS 1 is on the disk, and its figure says so. */
export function measurementOf(measured: readonly Measured[], quick: boolean): Measurement {
  const size = quick ? ' (quick)' : '';
  const figures: Record<string, Figure> = {};
  const add = (name: string, unit: string, pick: (one: Measured) => number | undefined) => {
    const values = measured.map(pick).filter((value) => value !== undefined);
    if (values.length > 0) figures[name] = figureOf(values, `${unit}${size}`);
  };
  const addAllOf = (broker: BrokerName, named: (quantity: string) => string) => {
    for (const [quantity, unit, pick] of QUANTITIES) {
      add(named(quantity), unit, ({ [broker]: found }) => found && pick(found));
    }
  };
  addAllOf('ours', (quantity) => quantity.replace('qos1Messages', 'qos1DurableMessages'));
  add(
    'durableRatioPlainAedes',
    '1',
    ratioOf(({ qos1 }) => qos1.messagesPerSecond),
  );
  add(
    'durableRatioPlainAedesAt10x20',
    '1',
    ratioOf(({ qos1Narrow }) => qos1Narrow.messagesPerSecond),
  );
  for (const peer of PEERS) {
    addAllOf(peer, (quantity) => `${peer}${quantity.charAt(0).toUpperCase()}${quantity.slice(1)}`);
  }
  return {
    runs: measured.length,
    figures,
    targets: [{ figure: 'durableRatioPlainAedes', comparator: '>=', target: 0.5 }],
  };
}

function ratioOf(pick: Pick): (one: Measured) => number | undefined {
  return ({ ours, plainAedes }) => {
    const [own, plain] = [ours && pick(ours), plainAedes && pick(plainAedes)];
    return own === undefined || plain === undefined ? undefined : own / plain;
  };
}
