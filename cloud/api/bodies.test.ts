import { Type } from '@fastify/type-provider-typebox';
import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { takeBodiesAsSent } from './bodies.ts';
import { handleErrors } from './errors.ts';

it('takes a value of a body as it was sent or refuses it, and reads numbers from addresses', async () => {
  const app = fastify();
  handleErrors(app);
  takeBodiesAsSent(app);
  const body = Type.Object({
    from: Type.Optional(Type.Integer({ minimum: 0 })),
    names: Type.Optional(Type.Array(Type.String())),
    limit: Type.Integer({ default: 100 }),
  });
  const querystring = Type.Object({ from: Type.Integer() });
  app.post('/', { schema: { body, querystring } }, (request) => ({
    query: request.query,
    body: request.body,
  }));
  const send = (payload: object) => app.inject({ method: 'POST', url: '/?from=5', payload });

  for (const from of [null, true, false, '5', '', [5]]) {
    const refused = await send({ from });
    expect([from, refused.statusCode]).toEqual([from, 400]);
    expect(refused.json().error.kind).toBe('your_input');
    expect(refused.json().error.message).toContain('body/from');
  }
  expect((await send({ names: 'one' })).json().error.message).toContain('body/names');
  expect((await send({ names: ['one', 7] })).json().error.message).toContain('body/names/1');
  expect((await send({ from: 5, names: ['one'] })).json()).toEqual({
    query: { from: 5 },
    body: { from: 5, names: ['one'], limit: 100 },
  });
  await app.close();
});
