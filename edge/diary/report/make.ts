import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Report } from './report.ts';

/** Nobody waits longer for a report; it would be of years. */
const MOST_MS = 120_000;

/**
 * Draws reports, one after the other: each in a thread that ends with it and takes its memory along. Rejects when that thread
 * fails.
 */
export class ReportMaker {
  #turn: Promise<unknown> = Promise.resolve();

  make(report: Report, format: 'pdf' | 'xlsx'): Promise<Uint8Array> {
    const turn = this.#turn.then(() => draw(report, format));
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

async function draw(report: Report, format: 'pdf' | 'xlsx'): Promise<Uint8Array> {
  const worker = new Worker(new URL('./report-worker.ts', import.meta.url), {
    workerData: { report, format },
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  try {
    // Rejects when the worker emits 'error'.
    const [bytes] = await once(worker, 'message', { signal: AbortSignal.timeout(MOST_MS) });
    return bytes as Uint8Array;
  } finally {
    await worker.terminate();
  }
}
