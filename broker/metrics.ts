import { Counter, Gauge, type Registry } from 'prom-client';
import type { FarmBroker } from './port.ts';

/** Shows the broker's figures in a service's /metrics. */
export function registerBrokerMetrics(broker: FarmBroker, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'nongtin_broker_connected',
    help: 'Authenticated connections',
    registers,
    collect() {
      this.set(broker.stats().connected);
    },
  });
  if (broker.stats().external !== undefined)
    new Gauge({
      name: 'nongtin_broker_external_connected',
      help: '1 when the broker elsewhere is reached',
      registers,
      collect() {
        this.set(Number(broker.stats().external?.connected === true));
      },
    });
  new Gauge({
    name: 'nongtin_broker_waiting_for_durability',
    help: 'Messages that are not yet acknowledged',
    registers,
    collect() {
      this.set(broker.stats().waitingForHook);
    },
  });
  const kept = { sessions: 'Sessions that outlive their connections', waiting: 'Messages that wait in them' };
  for (const name of ['sessions', 'waiting'] as const) {
    new Gauge({
      name: `nongtin_broker_lasting_${name}`,
      help: kept[name],
      registers,
      collect() {
        this.set(broker.stats().lasting[name]);
      },
    });
  }
  new Counter({
    name: 'nongtin_broker_lasting_dropped_total',
    help: 'Messages given up, since too many waited in a session',
    registers,
    collect() {
      this.reset();
      this.inc(broker.stats().lasting.dropped);
    },
  });
  new Gauge({
    name: 'nongtin_broker_retained',
    help: 'Topics with a retained message',
    registers,
    collect() {
      this.set(broker.stats().retained);
    },
  });
  new Counter({
    name: 'nongtin_broker_publish_received_total',
    help: 'Messages taken from clients',
    labelNames: ['qos'],
    registers,
    collect() {
      this.reset();
      for (const [qos, count] of Object.entries(broker.stats().publishReceived)) this.inc({ qos }, count);
    },
  });
  new Counter({
    name: 'nongtin_broker_refused_total',
    help: 'What was refused, by cause',
    labelNames: ['cause'],
    registers,
    collect() {
      this.reset();
      for (const [cause, count] of Object.entries(broker.stats().refused)) this.inc({ cause }, count);
    },
  });
}
