import { type IncomingHttpHeaders, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import type { Lines } from './store.ts';

interface HttpQuestion {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Lines;
  /** From the question to the end of the answer. */
  readonly timeoutMs: number;
}

interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Of an answer; a server that says more is not what it should be. */
const MOST_CHARACTERS = 1_000_000;

/**
 * One question over a connection that is kept, and the whole answer. A redirect is an answer as well: lines do not go where
 * somebody else sends them. Fetch would copy a body twice and take it through a stream, which at a hundred writes a second
 * is a twentieth of the gateway's work.
 */
export function askHttp(url: URL, { method, headers, body, timeoutMs }: HttpQuestion): Promise<HttpAnswer> {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const options = { method, headers: { ...headers, ...length } };
  const ask = url.protocol === 'https:' ? overHttps : overHttp;
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    const request = ask(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        if (text.length < MOST_CHARACTERS) text += part;
      });
      response.once('error', fail);
      response.once('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    const timer = setTimeout(() => {
      fail(new Error(`no answer within ${timeoutMs / 1_000} s`));
      request.destroy();
    }, timeoutMs);
    request.once('error', fail);
    request.end(body);
  });
}
