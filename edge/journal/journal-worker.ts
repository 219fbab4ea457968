import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Answer, Request, ThreadData } from './protocol.ts';
import { JournalTables, troubleOf } from './tables.ts';

/**
 * The journal's thread: commits, reads and cursors, so that neither an fsync nor a signature holds up control.
 * It imports nothing but Node's own modules, so that it is up at once on a small board. A commit that fails is tried again each second until it succeeds; readers are served meanwhile.
 */
const RETRY_MS = 1_000;

if (parentPort !== null) serve(parentPort, workerData);

function serve(port: MessagePort, data: ThreadData): void {
  const send = (answer: Answer) => port.postMessage(answer);
  let tables: JournalTables;
  try {
    mkdirSync(dirname(data.path), { recursive: true });
    tables = new JournalTables(data);
    send({ answer: 'opened', tail: tables.tail() });
  } catch (error) {
    send({ answer: 'refused', why: troubleOf(error) });
    port.close();
    return;
  }
  let retry: NodeJS.Timeout | undefined;
  const commit = (request: Request & { ask: 'commit' }) => {
    try {
      send({ answer: 'done', id: request.id, value: tables.commit(request.commit) });
    } catch (error) {
      send({ answer: 'trouble', why: troubleOf(error) });
      retry = setTimeout(commit, RETRY_MS, request);
    }
  };
  port.on('message', (request: Request) => {
    if (request.ask === 'commit') return commit(request);
    try {
      send({ answer: 'done', id: request.id, value: answer(tables, request) });
    } catch (error) {
      send({ answer: 'failed', id: request.id, message: (error as Error).message });
    }
    if (request.ask === 'close') {
      clearTimeout(retry);
      port.close();
    }
  });
}

function answer(tables: JournalTables, request: Exclude<Request, { ask: 'commit' }>): unknown {
  switch (request.ask) {
    case 'read':
      return tables.read(request.after, request.limit);
    case 'cursor':
      return tables.cursor(request.name);
    case 'moveCursor':
      return tables.moveCursor(request.name, request.number);
    case 'records':
      return tables.records(request.kind, request.limit);
    case 'close':
      return tables.close();
  }
}
