import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Only our own script and style run on the page, and it talks to us alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Nông Tín</title>
<h1>The console is not built yet</h1>
<p><code>npm start</code> builds it; by hand it is <code>node dashboards/build.ts</code>. Then reload this page.</p>
</html>
`;

/** The built console: files whose name holds their hash are kept by browsers, the page itself is asked for anew. */
export function consoleRoutes(folder: string) {
  return async (app: FastifyInstance): Promise<void> => {
    const page = join(folder, 'index.html');
    await app.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: '/console/assets/',
      decorateReply: false,
      index: false,
      maxAge: '1d',
    });
    app.get('/console', { schema: { hide: true } as object }, async (_request, reply) => {
      reply.type('text/html; charset=utf-8').headers({
        'cache-control': 'no-cache',
        'content-security-policy': POLICY,
        // The address may hold a claim code behind its '#'.
        'referrer-policy': 'no-referrer',
      });
      return existsSync(page) ? readFile(page) : notBuilt;
    });
  };
}
