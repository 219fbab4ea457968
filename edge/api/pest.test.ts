import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  gateway = await testApi();
  await gateway.app.ready();
});
afterAll(() => gateway.close());

/** The API's clock says 15 January 2027, 15:00 in Vietnam; the demo's traps are counted by devices, and by nobody else so far. */
const count = { trap: 'fly-plot-a', count: 21, since: '2027-01-07T22:00', countedAt: '2027-01-14T22:00' };
const seen = {
  ...{ plot: 'plot-a', pest: 'bactrocera-dorsalis', seenAt: '2027-01-15T07:00' },
  ...{ unit: 'percent_fruit', value: 14, sampleSize: 50 },
};
const reasonOf = (answer: { statusCode: number; json(): { error: { reason?: { key: string } } } }) => [
  answer.statusCode,
  answer.json().error.reason?.key,
];

describe('pests of a farm', () => {
  it('are those of each plot’s crop, with what to do and why', async () => {
    const auditor = await gateway.as('auditor');
    const answer = (await auditor.get('/api/pests')).json();
    expect(answer).toMatchObject({ today: '2027-01-15', timeZone: 'Asia/Ho_Chi_Minh', isClockTrusted: true });
    expect(answer.plots[0]).toMatchObject({ plot: 'plot-a', name: 'Lô A', crop: 'dragon fruit' });
    expect(answer.plots[0].pests).toContainEqual({
      ...{ pest: 'bactrocera-dorsalis', kind: 'insect', latin: 'Bactrocera dorsalis' },
      name: { vi: 'Ruồi đục quả phương đông', en: 'Oriental fruit fly', zh: '橘小实蝇' },
      ...{
        advice: 'look',
        lookAgainDate: '2027-01-15',
        reason: { key: 'pest_not_looked', figures: { days: 7 } },
      },
      ...{ notes: [], perTrapPerDay: null, seen: null, development: null, infection: null, neighbours: [] },
    });
  });

  it('stand in a library with thresholds, sources, and advice that begins without spraying', async () => {
    const { pests } = (await (await gateway.as('member')).get('/api/pests/library')).json();
    expect(pests).toHaveLength(13);
    expect(pests.find(({ id }: { id: string }) => id === 'plutella-xylostella')).toMatchObject({
      development: { lowerCelsius: 6.3, stages: [{ degreeDays: 312.5 }] },
      thresholds: [{ unit: 'per_leaf', value: 3, source: expect.any(String) }],
      advice: { chemical: { en: expect.stringMatching(/^Spray only if/) } },
    });
  });
});

describe('a count of a trap', () => {
  it('is recorded, corrected and seen day by day and week by week', async () => {
    const member = await gateway.as('member');
    const made = await member.post('/api/pests/counts', count);
    expect(made.statusCode).toBe(201);
    const { countId } = made.json().count;
    const url = `/api/pests/counts/${countId}/correct`;
    const corrected = await member.post(url, { revision: 1, why: 'đếm sót', count: { ...count, count: 28 } });
    expect(corrected.json().count).toMatchObject({ revision: 2, count: 28, by: 'Sáu', why: 'đếm sót' });
    expect(reasonOf(await member.post(url, { revision: 1, why: 'x', count }))).toEqual([
      409,
      'pest_record_moved',
    ]);
    const { traps, today } = (await member.get('/api/pests/traps?days=9')).json();
    expect([today, traps.length]).toEqual(['2027-01-15', 2]);
    expect(traps[0]).toMatchObject({
      ...{
        id: 'fly-plot-a',
        plot: 'plot-a',
        device: 'trap-1',
        checkEveryDays: 7,
        nextCheckDate: '2027-01-21',
      },
      ...{ last: { countId, count: 28 }, days: expect.objectContaining({ length: 9 }) },
    });
    expect(traps[0].days.map(({ caught }: { caught: number | null }) => caught)).toEqual([
      ...[null, 4, 4, 4, 4, 4, 4, 4, null],
    ]);
    expect(traps[0].weeks).toEqual([
      { fromDate: '2027-01-04', perDay: 4, knownDays: 3 },
      { fromDate: '2027-01-11', perDay: 4, knownDays: 4 },
    ]);
    expect((await member.get('/api/pests/counts?trap=fly-plot-a')).json().counts).toMatchObject([
      { count: 28 },
    ]);
  });

  it('stands once in the diary, with its photo in pieces', async () => {
    const member = await gateway.as('member');
    const sha256 = 'c0'.repeat(32);
    const photo = { sha256, mediaType: 'image/jpeg', sizeBytes: 5_000 };
    const made = await member.post('/api/pests/counts', {
      ...{ trap: 'fly-plot-b', count: 5, since: '2027-01-08T07:00', countedAt: '2027-01-12T07:00', photo },
    });
    expect(made.json().count).toMatchObject({ photoSha256: sha256 });
    const diary = (await member.get('/api/diary?from=2027-01-12&to=2027-01-12')).json();
    expect(diary.entries).toMatchObject([
      {
        ...{ entryId: made.json().count.countId, entryKind: 'observation' },
        fields: { plot: { value: 'plot-b' }, count: { value: 5 }, doneBy: { value: 'Sáu' } },
        attachments: [{ sha256, isHere: false }],
      },
    ]);
    const received = await member.get(`/api/diary/attachments/${sha256}/received`);
    expect(received.json()).toEqual({ outcome: 'more', receivedBytes: 0 });
  });

  it.each([
    [{ count: -1 }, 400, 'pest_count_negative'],
    [{ count: 1.5 }, 400, 'pest_count_fraction'],
    [{ trap: 'me-9' }, 400, 'pest_trap_unknown'],
    [{ countedAt: '2027-01-16T07:00' }, 400, 'pest_time_future'],
    [{ countedAt: 'hôm qua' }, 400, 'pest_time_unreadable'],
    [{}, 409, 'pest_count_overlaps'],
    [
      { photo: { sha256: 'a0'.repeat(32), mediaType: 'image/jpeg', sizeBytes: 40 * 2 ** 20 } },
      409,
      'pest_count_overlaps',
    ],
    [
      {
        ...{ since: '2027-01-01T07:00', countedAt: '2027-01-02T07:00' },
        photo: { sha256: 'a0'.repeat(32), mediaType: 'image/jpeg', sizeBytes: 40 * 2 ** 20 },
      },
      400,
      'diary_attachment_too_large',
    ],
  ])('that cannot be is refused: %o', async (wrong, status, key) => {
    const before = gateway.records.all.length;
    const answer = await (await gateway.as('member')).post('/api/pests/counts', { ...count, ...wrong });
    expect(reasonOf(answer)).toEqual([status, key]);
    expect(gateway.records.all).toHaveLength(before);
  });

  it('of another shape is refused with where it is wrong, and an auditor records none', async () => {
    const member = await gateway.as('member');
    const wrong = await member.post('/api/pests/counts', { ...count, count: 'viele' });
    expect([wrong.statusCode, wrong.json().error.message]).toEqual([400, 'body/count must be number']);
    const auditor = await gateway.as('auditor');
    expect((await auditor.post('/api/pests/counts', count)).statusCode).toBe(403);
    expect((await member.post('/api/pests/counts/none/withdraw', { revision: 1, why: 'x' })).statusCode).toBe(
      404,
    );
  });
});

describe('what people have seen on plants', () => {
  it('is recorded, moves the advice, raises an alarm, and is withdrawn', async () => {
    const member = await gateway.as('member');
    const made = await member.post('/api/pests/seen', seen);
    expect([made.statusCode, made.json().seen]).toMatchObject([201, { value: 14, by: 'Sáu', revision: 1 }]);
    const fly = async () =>
      (await member.get('/api/pests'))
        .json()
        .plots[0].pests.find(({ pest }: { pest: string }) => pest === 'bactrocera-dorsalis');
    expect(await fly()).toMatchObject({
      advice: 'act',
      seen: { value: 14, unit: 'percent_fruit', sampleSize: 50 },
    });
    const { alarms } = (await member.get('/api/alarms')).json();
    expect(alarms).toMatchObject([
      {
        source: 'plot-a/bactrocera-dorsalis',
        severity: 'low',
        reason: { key: 'pest_act', figures: { plot: 'Lô A' } },
      },
    ]);
    const url = `/api/pests/seen/${made.json().seen.seenId}`;
    await member.post(`${url}/correct`, { revision: 1, why: 'đếm lại', seen: { ...seen, value: 3 } });
    expect(await fly()).toMatchObject({ advice: 'wait', reason: { key: 'pest_seen_below' } });
    await member.post(`${url}/withdraw`, { revision: 2, why: 'lô khác' });
    expect((await member.get('/api/pests/seen?plot=plot-a')).json().seen).toMatchObject([
      { revision: 3, state: 'withdrawn', why: 'lô khác' },
    ]);
  });

  it('has to be possible', async () => {
    const member = await gateway.as('member');
    const wrong = await member.post('/api/pests/seen', { ...seen, unit: 'per_barrel' });
    expect(reasonOf(wrong)).toEqual([400, 'pest_seen_unit']);
  });
});

it('the day from which heat counts is told by a person, and taken back', async () => {
  const member = await gateway.as('member');
  const place = { plot: 'plot-a', pest: 'bactrocera-dorsalis' };
  const answer = await member.post('/api/pests/biofix', { ...place, date: '2027-01-10' });
  expect([answer.statusCode, answer.json()]).toEqual([201, { date: '2027-01-10' }]);
  const { plots } = (await member.get('/api/pests')).json();
  expect(plots[0].pests.find(({ pest }: { pest: string }) => pest === place.pest).development).toMatchObject({
    ...{ biofixDate: '2027-01-10', biofixKind: 'person', degreeDays: 0, missingDays: 5 },
    ...{ lowerCelsius: 8.87, upperCelsius: null, method: 'single_sine' },
  });
  expect(reasonOf(await member.post('/api/pests/biofix', { ...place, date: '10/01' }))).toEqual([
    ...[400, 'pest_time_unreadable'],
  ]);
  expect((await member.post('/api/pests/biofix', { ...place, date: null })).json()).toEqual({ date: null });
});
