import rateLimit from '@fastify/rate-limit';
import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { handleErrors } from './errors.ts';

it('tells whoever asks too often to try later, and does not call it a mistake', async () => {
  const app = fastify();
  handleErrors(app);
  await app.register(rateLimit, { max: 1, timeWindow: 60_000 });
  app.get('/', () => 'here');
  expect((await app.inject('/')).statusCode).toBe(200);
  const refused = await app.inject('/');
  expect(refused.statusCode).toBe(429);
  expect(refused.json().error).toMatchObject({ kind: 'try_later', code: 'too_many_requests' });
  expect(refused.headers['retry-after']).toBeDefined();
  await app.close();
});
