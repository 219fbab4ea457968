import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { explainProblem, StartProblem } from '@nongtin/service';
import { OPENED, type SeriesAnswer, type SeriesRequest, type SeriesValue } from './sqlite-protocol.ts';
import { SeriesTables } from './sqlite-tables.ts';

const port = parentPort;
if (port !== null) serve(port, workerData.path);

function serve(parent: NonNullable<typeof parentPort>, path: string): void {
  const send = (answer: SeriesAnswer) => parent.postMessage(answer);
  let tables: SeriesTables;
  try {
    mkdirSync(dirname(path), { recursive: true });
    tables = new SeriesTables(path);
    send({ id: OPENED, ok: undefined });
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
  parent.on('message', (request: SeriesRequest) => {
    try {
      send({ id: request.id, ok: answer(tables, request) });
      if (request.ask === 'close') parent.close();
    } catch (error) {
      send({ id: request.id, problem: (error as Error).message, atStart: false });
    }
  });
}

function answer(tables: SeriesTables, request: SeriesRequest): SeriesValue {
  switch (request.ask) {
    case 'write':
      return tables.write(request.lines);
    case 'query':
      return tables.query(request.query);
    case 'seriesOf':
      return tables.seriesOf(request.device);
    case 'close':
      tables.close();
      return undefined;
  }
}
