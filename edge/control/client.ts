import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { StartProblem } from '@nongtin/service';
import { localDoorPath } from './local-door.ts';

export type Ask = (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
) => Promise<unknown>;

/**
 * Asks the gateway that runs on this data folder; resolves with its answer, null where it has none. Rejects with a
 * StartProblem, in the gateway's own words where it refuses, or when none runs.
 */
export function gatewayOf(dataDir: string): Ask {
  const socketPath = localDoorPath(dataDir);
  return async (method, path, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, headers, host: 'localhost' });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    let answer: IncomingMessage;
    try {
      [answer] = (await once(asked, 'response')) as [IncomingMessage];
    } catch (error) {
      throw notThere(error as NodeJS.ErrnoException, dataDir);
    }
    const { statusCode = 0 } = answer;
    const said = statusCode === 204 ? null : await json(answer);
    if (statusCode < 300) return said;
    const { error } = said as { error?: { message?: string } };
    throw new StartProblem(error?.message ?? `The gateway answered ${statusCode}.`);
  };
}

function notThere({ code }: NodeJS.ErrnoException, dataDir: string): StartProblem {
  if (code === 'EACCES')
    return new StartProblem(`The gateway on ${dataDir} is another user's: run this as that user.`);
  return new StartProblem(
    `No gateway runs on ${dataDir} (${code}): start it, or name its folder with NONGTIN_DATA_DIR=….`,
  );
}
