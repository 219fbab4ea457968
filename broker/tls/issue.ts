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
      readonly peer: boolean;
      readonly validToMs: number;
    }
  | { readonly make: 'request'; readonly key: KeyObject; readonly identity: string };

/**
 * A certificate, or a request for one (PEM), made in a thread of its own: the library that makes it takes 8 to 20 MiB, once in two years. Rejects
 * with what went wrong in the thread.
 */
export async function issue(job: Job): Promise<string> {
  const options = { workerData: job, execArgv: [] };
  const worker = new Worker(new URL('./issuing-worker.ts', import.meta.url), options);
  const [pem] = (await once(worker, 'message')) as [string];
  return pem;
}

/** The PKCS#10 request (PEM) with which the holder of this key, EC P-256 or Ed25519, asks for a client certificate. */
export function requestCertificate(key: KeyObject, identity: string): Promise<string> {
  return issue({ make: 'request', key, identity });
}
