import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { DeliveredJournal } from '../delivery/index.ts';
import type { Doubt } from './boots.ts';
import type { Held } from './dating.ts';
import { LateDelivery } from './late.ts';

it('tries again what fails, so that nothing waits for the next start', async () => {
  const doubt: Doubt = { bootId: 'b', firstNumber: 3, lastNumber: 4, isTold: false };
  const held: Held = { firstNumber: 1, lastNumber: 2, entries: 2, readings: 2, monotonicMs: 1 };
  const done: string[] = [];
  const told = Promise.withResolvers<void>();
  let tries = 0;
  const journal: DeliveredJournal = {
    ...{ read: async () => [], lastNumber: () => 4, cursor: async () => 0 },
    ...{ moveCursor: async () => {}, onCommit: () => () => {} },
  };
  const late = new LateDelivery({
    ...{ journal, logger: pino({ enabled: false }), deliveredUpTo: () => 4, pause: async () => {} },
    keeper: {
      onDated: (listener) => listener('a'),
      onDoubted: (listener) => listener(doubt),
      held: () => held,
      delivered: (bootId) => void done.push(bootId),
      told: ({ bootId }) => {
        done.push(bootId);
        told.resolve();
      },
    },
    // Each first try finds a journal that cannot be read.
    deliver: (view) => ({
      start: async () => {
        if (tries++ % 2 === 0) throw new Error('disk I/O error');
        await view.moveCursor('any', view.lastNumber());
      },
      stop: async () => {},
    }),
  });
  late.start();
  await told.promise;
  await late.stop();
  expect([done, tries]).toEqual([['a', 'b'], 4]);
});
