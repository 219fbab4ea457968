import { parentPort, workerData } from 'node:worker_threads';
import type { Report } from './report.ts';

/**
 * One report in a thread of its own: a season takes seconds on a small board, in which a valve must still be closed. Of the two
 * libraries it reads the one that it needs.
 */
const { report, format } = workerData as { readonly report: Report; readonly format: 'pdf' | 'xlsx' };
const draw = format === 'pdf' ? (await import('./pdf.ts')).reportPdf : (await import('./xlsx.ts')).reportXlsx;
parentPort?.postMessage(Uint8Array.from(await draw(report)));
