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

it('tells to try later what a 503 says, and hides what broke', async () => {
  const app = fastify();
  handleErrors(app);
  app.get('/later', () => {
    throw Object.assign(new Error('Order it again.'), { statusCode: 503, code: 'TREE_NOT_BUILT' });
  });
  app.get('/broken', () => {
    throw new Error('a secret');
  });
  const later = await app.inject('/later');
  expect(later.statusCode).toBe(503);
  expect(later.json().error).toEqual({
    kind: 'try_later',
    code: 'tree_not_built',
    message: 'Order it again.',
  });
  expect((await app.inject('/broken')).body).not.toContain('secret');
  await app.close();
});

it('calls a text that no database keeps a mistake of who sent it', async () => {
  const app = fastify();
  handleErrors(app);
  app.get('/', () => {
    throw Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
  });
  const refused = await app.inject('/');
  expect(refused.statusCode).toBe(400);
  expect(refused.json().error).toMatchObject({
    kind: 'your_input',
    message: expect.stringContaining('U+0000'),
  });
  await app.close();
});
