import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Nông Tín</title>
<h1>The field dashboard is not built yet</h1>
<p><code>npm start</code> builds it; by hand it is <code>node dashboards/build.ts</code>. Then reload this page.</p>
<p>The API works without it: <a href="/api/openapi.json">/api/openapi.json</a>.</p>
</html>
`;

/** The built field dashboard: files whose name holds their hash are kept by browsers, the page itself is asked for anew. */
export const dashboardRoutes: FastifyPluginAsync<{ folder: string }> = async (app, { folder }) => {
  const hidden = { schema: { hide: true } as object };
  const isBuilt = () => existsSync(join(folder, 'index.html'));
  await app.register(fastifyStatic, { root: folder, serve: false, index: false, dotfiles: 'deny' });

  app.get('/', hidden, (_request, reply) => {
    reply.header('cache-control', 'no-cache');
    return isBuilt() ? reply.sendFile('index.html') : reply.type('text/html; charset=utf-8').send(notBuilt);
  });
  app.get<{ Params: { '*': string } }>('/assets/*', hidden, (request, reply) =>
    reply.sendFile(`assets/${request.params['*']}`, { maxAge: '1y', immutable: true }),
  );
  app.get<{ Params: { '*': string } }>('/*', hidden, (request, reply) => {
    // An address below /api that does not exist is a mistake of the caller, not a file.
    if (request.params['*'].startsWith('api/')) return reply.callNotFound();
    return reply.sendFile(request.params['*'], { maxAge: 0 });
  });
};
