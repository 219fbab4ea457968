import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { askHttp } from './http.ts';

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a?b=c`);
}

const question = { method: 'GET', timeoutMs: 60_000 } as const;

it('brings the whole answer, whatever its status', async () => {
  const url = await serve((request, response) => {
    response.writeHead(418, { 'retry-after': '7' });
    response.end(`${request.method} ${request.url} độ ẩm`);
  });
  const { status, headers, body } = await askHttp(url, question);
  expect([status, headers['retry-after'], body]).toEqual([418, '7', 'GET /a?b=c độ ẩm']);
});

it.each<[string, RequestListener]>([
  ['that says nothing', () => {}],
  ['that stops in the middle', (_request, response) => response.write('half')],
])('does not wait for ever for a server %s', async (_name, listener) => {
  const url = await serve(listener);
  await expect(askHttp(url, { method: 'POST', body: 'x', timeoutMs: 40 })).rejects.toThrow(
    'no answer within 0.04 s',
  );
});

it('fails when the server goes away in the middle', async () => {
  const url = await serve((_request, response) => {
    response.write('half', () => response.destroy());
  });
  await expect(askHttp(url, question)).rejects.toThrow();
});

it('keeps no more of an answer than a server of its kind would say', async () => {
  const url = await serve((_request, response) => response.end('x'.repeat(20_000_000)));
  expect((await askHttp(url, question)).body.length).toBeLessThan(2_000_000);
});
