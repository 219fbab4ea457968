import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './issue.ts';
import { certifyAuthority, certifyServer } from './issuing.ts';

/** Makes one certificate and ends, and with it what the library took of memory. */
const job = workerData as Job;
const cert =
  job.make === 'authority'
    ? await certifyAuthority(job.key)
    : await certifyServer(job.issuer, job.publicKey, job.names, job.validToMs);
parentPort?.postMessage(cert);
