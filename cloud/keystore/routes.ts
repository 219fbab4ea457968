import type { Logger } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { RotatingKeyStore } from './key-store.ts';
import { leftToRewrap, rewrapAll } from './rewrap.ts';

export interface KeyRoutesOptions {
  readonly db: Kysely<Schema>;
  readonly keyStore: RotatingKeyStore;
  readonly logger: Logger;
}

/** The keys that secrets are wrapped under: looking, turning them over, and ending a turn that was interrupted. */
export function keyRoutes({ db, keyStore, logger }: KeyRoutesOptions): (app: FastifyInstance) => void {
  // One turn at a time; a second order waits and then finds little to do.
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
  return (app) => {
    app.get('/api/stamp-keys', async () => ({ leftUnderOlderKeys: await leftToRewrap(db, keyStore) }));
    app.post('/api/stamp-keys/rotate', (request) =>
      oneByOne(async () => {
        logger.warn({ by: request.account?.email }, 'the key of stamp secrets is turned over');
        await keyStore.rotate();
        return { rewrapped: await rewrapAll(db, keyStore), leftUnderOlderKeys: 0 };
      }),
    );
    app.post('/api/stamp-keys/rewrap', () =>
      oneByOne(async () => ({ rewrapped: await rewrapAll(db, keyStore), leftUnderOlderKeys: 0 })),
    );
  };
}
