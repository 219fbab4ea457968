import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { EntryStore } from './uplink/entry-store.ts';
import type { LiveValues } from './uplink/live.ts';
import type { Receiver } from './uplink/receiver.ts';

interface Measured {
  readonly entries: EntryStore;
  readonly receiver: Receiver;
  readonly live: LiveValues;
}

/** The process's own figures and those of the uplink, for /metrics. */
export function createMetrics({ entries, receiver, live }: Measured): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'nongtin_uplink_durable_up_to',
    help: 'Number of the newest entry on our disk',
    labelNames: ['gateway'],
    registers,
    async collect() {
      const heads = await entries.heads();
      this.reset();
      for (const { gateway, number } of heads) this.set({ gateway }, number);
    },
  });
  new Counter({
    name: 'nongtin_uplink_entries_total',
    help: 'Entries received since the start, by outcome',
    labelNames: ['gateway', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const gateway of receiver.known()) {
        const { accepted, duplicates } = receiver.traffic(gateway);
        this.inc({ gateway, outcome: 'accepted' }, accepted);
        this.inc({ gateway, outcome: 'duplicate' }, duplicates);
      }
    },
  });
  new Counter({
    name: 'nongtin_uplink_refusals_total',
    help: 'Refusals since the start, by kind',
    labelNames: ['gateway', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const gateway of receiver.known()) {
        for (const [kind, count] of Object.entries(receiver.traffic(gateway).refusals))
          this.inc({ gateway, kind }, count);
      }
    },
  });
  new Gauge({
    name: 'nongtin_uplink_refusing',
    help: '1 while nothing of this gateway is taken, by the kind of refusal',
    labelNames: ['gateway', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const gateway of receiver.known()) {
        const kind = receiver.traffic(gateway).refusing?.kind;
        if (kind !== undefined) this.set({ gateway, kind }, 1);
      }
    },
  });
  new Counter({
    name: 'nongtin_uplink_live_total',
    help: 'Live messages since the start, by outcome',
    labelNames: ['gateway', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { gateway, outcome, count } of live.outcomes()) this.inc({ gateway, outcome }, count);
    },
  });
  return registry;
}
