import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './issue.ts';
import { certifyAuthority, certifyServer, requestClient } from './issuing.ts';

/** Makes one certificate or request and ends, and with it what the library took of memory. */
parentPort?.postMessage(await made(workerData as Job));

function made(job: Job): Promise<string> {
  if (job.make === 'authority') return certifyAuthority(job.key);
  if (job.make === 'request') return requestClient(job.key, job.identity);
  return certifyServer(job.issuer, job);
}
