import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Issuer } from './issuing.ts';

export type Job =
  | { readonly make: 'authority'; readonly key: KeyObject }
  | {
      readonly make: 'server';
      readonly issuer: Issuer;
      readonly publicKey: KeyObject;
      readonly names: readonly string[];
      readonly validToMs: number;
    };

/**
 * A certificate (PEM), made in a thread of its own: the library that makes it takes 8 to 20 MiB, once in two years. Rejects
 * with what went wrong in the thread.
 */
export async function issue(job: Job): Promise<string> {
  const options = { workerData: job, execArgv: [] };
  const worker = new Worker(new URL('./issuing-worker.ts', import.meta.url), options);
  const [cert] = (await once(worker, 'message')) as [string];
  return cert;
}
