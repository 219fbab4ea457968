import { afterAll, beforeAll, expect, it } from 'vitest';
import { testApi } from './parts.suite.ts';

let api: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

it('lists refused readings with the words of the store, for those who inspect', async () => {
  const auditor = await api.as('auditor');
  const answer = await auditor.get('/api/dead-letters?limit=1');
  expect(answer.json()).toEqual({
    deadLetters: [
      {
        ...{ id: 2, line: 'flow,device=d value=1 1', reason: '400 field type conflict' },
        ...{ atMs: 5, store: 'influxdb:farm', attempts: 1 },
      },
    ],
    ...{ kept: 2, dropped: 7 },
  });
  const member = await api.as('member');
  expect((await member.get('/api/dead-letters')).statusCode).toBe(403);
});

it('tries those again that a technician names, or all', async () => {
  const technician = await api.as('technician');
  const some = await technician.post('/api/dead-letters/retry', { ids: [2] });
  expect(some.json()).toEqual({ taken: 1, refused: 0, waiting: 0 });
  const all = await technician.post('/api/dead-letters/retry', {});
  expect(all.json()).toEqual({ taken: 2, refused: 0, waiting: 0 });
  expect((await technician.post('/api/dead-letters/retry', { ids: ['x'] })).statusCode).toBe(400);
  const auditor = await api.as('auditor');
  expect((await auditor.post('/api/dead-letters/retry', {})).statusCode).toBe(403);
});
