import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { type Farm, isWatered, zonesOf } from '../../edge/farm/layout.ts';
import { openJournal } from '../../edge/journal/index.ts';
import { WetTests } from '../../edge/wet-test/ledger.ts';

/** What a technician has done before: each valve of a farm has passed a wet test, or the gateway would open none. */
export async function recordPassedTests(folder: string, farm: Farm): Promise<void> {
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock: { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) },
    logger: pino({ enabled: false }),
  });
  await journal.start();
  const tests = new WetTests({
    ...{ journal, demo: false, hardwareOf: (device) => device, firmwareOf: () => undefined },
  });
  const atMs = Date.now();
  for (const zone of zonesOf(farm).filter(isWatered)) {
    await tests.add(zone, {
      ...{ kind: 'wet_test', testId: `bench-${zone.id}`, atMs, endedAtMs: atMs, outcome: 'passed' },
      ...{ zone: zone.id, valve: zone.id, leaseSeconds: 10, cutOffSeconds: 10, findings: [] },
      ...{ openedAfterSeconds: 0, closedAfterSeconds: 10, dryAfterSeconds: 10, litres: 6.3 },
      ...{ flowLitresPerMinute: 38, nominalLitresPerMinute: 38, recordedBy: 'bench' },
    });
  }
  await journal.stop();
}
