import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { WeatherUpload } from './upload.ts';

const MOST_BYTES = 8 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/**
 * Where Wi-Fi weather stations upload, with the gateway set as their "customized server": the Weather Underground protocol
 * by GET or POST, and Ecowitt's form on its usual path. They sign in by themselves, with ID and PASSWORD in the query (also
 * in the path of Ecowitt's form); an answer is one line of text.
 */
export const weatherRoutes: FastifyPluginAsync<{ upload: WeatherUpload }> = async (app, { upload }) => {
  app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: MOST_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  const take = async (request: FastifyRequest, reply: FastifyReply) => {
    const { url = '' } = request.raw;
    const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
    const form = typeof request.body === 'string' ? request.body : '';
    const { status, text } =
      query.length + form.length > MOST_BYTES
        ? { status: 413, text: `at most ${MOST_BYTES} bytes are read` }
        : await upload.take(new URLSearchParams(`${query}&${form}`), request.socket.remoteAddress ?? '');
    return reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(text);
  };
  // Not documented by OpenAPI: the stations' makers have done so.
  const hidden = { schema: { hide: true } as object, exposeHeadRoute: false };
  app.get('/weatherstation/updateweatherstation.php', hidden, take);
  app.post('/weatherstation/updateweatherstation.php', hidden, take);
  app.post('/data/report', hidden, take);
  app.post('/data/report/', hidden, take);
};
