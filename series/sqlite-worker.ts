import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { explainProblem, StartProblem } from '@nongtin/service';
import { OPENED, type SeriesAnswer, type SeriesRequest, type SeriesValue } from './sqlite-protocol.ts';
import { SeriesReads } from './sqlite-reads.ts';
import { RecentRows } from './sqlite-recent.ts';
import { SeriesRollups } from './sqlite-rollups.ts';
import { type OpenedSeries, openSeries } from './sqlite-schema.ts';
import { SeriesTables } from './sqlite-tables.ts';
import type { WriteOutcome } from './store.ts';

/** 16 MB. */
const MOST_RECENT_ROWS = 200_000;

const port = parentPort;
if (port !== null) serve(port, workerData.path);

function serve(parent: NonNullable<typeof parentPort>, path: string): void {
  const send = (answer: SeriesAnswer) => parent.postMessage(answer);
  let answer: (request: SeriesRequest) => Promise<SeriesValue>;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const opened = openSeries(path);
    answer = answersOf(opened);
    send({ id: OPENED, ok: { fileId: opened.id, isOlderThanIds: opened.isOlderThanIds } });
  } catch (error) {
    const explained = explainProblem(error, { path });
    send({
      id: OPENED,
      problem: String((explained as Error).message),
      atStart: explained instanceof StartProblem,
    });
    parent.close();
    return;
  }
  parent.on('message', async (request: SeriesRequest) => {
    try {
      send({ id: request.id, ok: await answer(request) });
      if (request.ask === 'close') parent.close();
    } catch (error) {
      send({ id: request.id, problem: (error as Error).message, atStart: false });
    }
  });
}

function answersOf({ database }: OpenedSeries): (request: SeriesRequest) => Promise<SeriesValue> {
  const recent = new RecentRows(database);
  const tables = new SeriesTables(database, recent);
  const reads = new SeriesReads(database, recent);
  const rollups = new SeriesRollups(database, recent);
  // With so many rows in memory somebody has forgotten to flush, or the disk has refused it.
  const bounded = async (outcome: WriteOutcome): Promise<WriteOutcome> =>
    outcome.outcome === 'accepted' && recent.isOver(MOST_RECENT_ROWS) ? inTurns(recent.flush()) : outcome;
  return async (request) => {
    switch (request.ask) {
      case 'write':
        return bounded(tables.write(request.lines));
      case 'flush':
        return inTurns(recent.flush());
      case 'query':
        return reads.query(request.query, request.marks);
      case 'seriesOf':
        return tables.seriesOf(request.device);
      case 'recompute':
        return bounded(await inTurns(rollups.recompute(request.span)));
      case 'forget':
        return inTurns(rollups.forget(request.tier, request.beforeMs));
      case 'close':
        await inTurns(recent.flush());
        database.close();
        return undefined;
    }
  };
}

/** Long work, with a turn for what has been asked meanwhile after each piece. */
async function inTurns<Value>(work: Generator<void, Value>): Promise<Value> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}
