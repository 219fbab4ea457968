import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  gateway = await testApi();
  await gateway.app.ready();
});
afterAll(() => gateway.close());

const LIST = `trade_name,active_ingredients,dose_min,dose_max,dose_unit,phi_days,rei_hours,crops,pests,markets,source,source_date
Ví dụ 100EC,exampline 100 g/L,0.5,1,L/ha,7,24,dragon fruit,kiến,EU banned,nhãn,2026-01-05`;
const send = async (role: 'technician' | 'member', url: string, payload: string | Buffer) => {
  const { headers } = await gateway.as(role);
  const type = { 'content-type': 'text/csv' };
  return gateway.app.inject({ method: 'POST', url, headers: { ...headers, ...type }, payload });
};
/** The API's clock says 15 January 2027, 15:00 in Vietnam. */
const spray = {
  ...{
    plot: 'plot-a',
    pest: 'kiến',
    operator: 'Cô Ba',
    startedAt: '2027-01-15T06:00',
    endedAt: '2027-01-15T07:30',
  },
  products: [{ version: 1, row: 0, dose: { amount: 1, unit: 'L/ha' } }],
};
const reasonOf = (answer: { json(): { error: { reason: { key: string } } } }) =>
  answer.json().error.reason.key;

describe('a list of products', () => {
  it('is previewed as it was saved, and accepted as it was previewed', async () => {
    const seen = (await send('technician', '/api/products/preview', `\ufeff${LIST}`)).json();
    expect(seen).toMatchObject({
      encoding: 'UTF-8',
      problems: [],
      follows: 0,
      changes: { added: ['Ví dụ 100EC'] },
    });
    const accept = (text: string) =>
      send('technician', `/api/products?sha256=${seen.sha256}&follows=0&fileName=thu%E1%BB%91c.csv`, text);
    const other = await accept(LIST);
    expect([other.statusCode, reasonOf(other)]).toEqual([409, 'import_not_the_previewed_file']);
    expect((await accept(`\ufeff${LIST}`)).statusCode).toBe(201);
    const auditor = await gateway.as('auditor');
    expect((await auditor.get('/api/products')).json().list).toMatchObject({
      ...{ version: 1, fileName: 'thuốc.csv', products: [{ tradeName: 'Ví dụ 100EC', phiDays: 7 }] },
    });
    expect((await auditor.get('/api/products?version=2')).statusCode).toBe(404);
  });

  it('with problems is told line by line, and nobody else may send one', async () => {
    const wrong = (await send('technician', '/api/products/preview', LIST.replace(',7,', ',x,'))).json();
    expect(wrong.problems).toEqual([
      { line: 2, column: 'phi_days', reason: { key: 'import_not_a_number', figures: { value: 'x' } } },
    ]);
    expect((await send('member', '/api/products/preview', LIST)).statusCode).toBe(403);
    const large = await send('technician', '/api/products/preview', Buffer.alloc(2 ** 20 + 1, 'x'));
    expect([large.statusCode, large.json().error]).toMatchObject([
      413,
      { kind: 'your_input', reason: { key: 'body_too_large', figures: { kilobytes: 1025, most: 1024 } } },
    ]);
    const technician = await gateway.as('technician');
    expect((await technician.post('/api/products/preview', { list: LIST })).statusCode).toBe(400);
  });
});

describe('a spray', () => {
  it('is looked over, recorded, shown, and bars the harvest but for a manager with a reason', async () => {
    const member = await gateway.as('member');
    const checked = (await member.post('/api/sprays/check', spray)).json();
    expect(checked).toMatchObject({
      ...{ problems: [], warnings: [], needsWord: false, earliestHarvest: { earliestDate: '2027-01-22' } },
      noEntry: {
        reason: { key: 'no_entry_until', figures: { untilDate: '2027-01-16', untilTime: '07:30' } },
      },
    });
    expect((await member.get('/api/sprays')).json().sprays).toEqual([]);
    const recorded = await member.post('/api/sprays', spray);
    expect(recorded.statusCode).toBe(201);
    const { sprayId } = recorded.json().spray;

    const auditor = await gateway.as('auditor');
    const { plots } = (await auditor.get('/api/crop-protection')).json();
    expect(plots).toMatchObject([
      { plot: 'plot-a', earliestHarvest: { sprayId, earliestDate: '2027-01-22' }, noEntry: [{ zones: [] }] },
      { plot: 'plot-b', earliestHarvest: null, noEntry: [] },
    ]);
    const harvest = { plot: 'plot-a', quantityKg: 10 };
    const refused = await member.post('/api/harvests', harvest);
    expect([refused.statusCode, refused.json().error]).toEqual([
      409,
      {
        kind: 'your_input',
        message: expect.stringContaining("'Ví dụ 100EC', sprayed on 2027-01-15, bars it until 2027-01-22"),
        reason: expect.objectContaining({ key: 'harvest_inside_interval' }),
      },
    ]);
    const word = { ...harvest, overrideReason: 'tiêu hủy' };
    expect((await (await gateway.as('technician')).post('/api/harvests', word)).statusCode).toBe(409);
    const manager = await gateway.as('manager');
    expect((await manager.post('/api/harvests', harvest)).statusCode).toBe(409);
    expect((await manager.post('/api/harvests', word)).statusCode).toBe(201);
    expect(gateway.records.all.at(-1)).toMatchObject({
      override: { reason: 'tiêu hủy', sprayIds: [sprayId], refusals: [{ key: 'harvest_inside_interval' }] },
    });
    expect((await member.post('/api/harvests', { ...harvest, plot: 'plot-b' })).statusCode).toBe(201);

    const told = { revision: 1, why: 'lô khác' };
    const early = await member.post(`/api/sprays/${sprayId}/withdraw`, told);
    expect([early.statusCode, reasonOf(early)]).toEqual([409, 'spray_change_opens_harvest']);
    const technician = await gateway.as('technician');
    const corrected = { ...told, spray: { ...spray, plot: 'plot-b' } };
    expect((await technician.post(`/api/sprays/${sprayId}/correct`, corrected)).statusCode).toBe(201);
    const moved = await technician.post(`/api/sprays/${sprayId}/withdraw`, told);
    expect([moved.statusCode, reasonOf(moved)]).toEqual([409, 'spray_has_moved']);
    expect((await member.post('/api/harvests', harvest)).statusCode).toBe(201);
    expect((await auditor.get(`/api/sprays/${sprayId}`)).json().revisions).toMatchObject([
      { revision: 1, plot: 'plot-a' },
      { revision: 2, plot: 'plot-b', why: 'lô khác', recordedByName: 'Sáu' },
    ]);
  });

  it('that cannot be is refused with what to do, and a stranger to the table too', async () => {
    const member = await gateway.as('member');
    const future = await member.post('/api/sprays', { ...spray, endedAt: '2027-01-16T07:30' });
    expect([future.statusCode, reasonOf(future)]).toEqual([400, 'spray_too_long']);
    for (const wrong of [
      { products: [] },
      { pest: '' },
      { startedAt: 5 },
      { areaHectares: -1 },
      { sprayId: 'x' },
    ])
      expect((await member.post('/api/sprays', { ...spray, ...wrong })).statusCode).toBe(400);
    expect((await member.post('/api/sprays/check', { ...spray, plot: 'plot-z' })).statusCode).toBe(400);
    expect((await member.get('/api/sprays/none')).statusCode).toBe(404);
    const auditor = await gateway.as('auditor');
    expect((await auditor.post('/api/sprays', spray)).statusCode).toBe(403);
  });

  it('of a product that stands on no list is taken with a word, and sent twice is one', async () => {
    const member = await gateway.as('member');
    const unlisted = {
      ...{
        ...spray,
        plot: 'plot-b',
        nevertheless: 'mua ở chợ',
        sprayId: '0199b1c2-0000-4000-8000-000000000001',
      },
      products: [{ tradeName: 'Thuốc lạ', dose: { amount: 1, unit: 'L' } }],
    };
    for (const _ of ['first', 'again'])
      expect((await member.post('/api/sprays', unlisted)).statusCode).toBe(201);
    const { sprays } = (await member.get('/api/sprays?plot=plot-b')).json();
    expect(
      sprays.filter(({ products }: typeof unlisted) => products[0]?.tradeName === 'Thuốc lạ'),
    ).toMatchObject([
      { revision: 1, products: [{ listed: null }], warnings: [{ key: 'spray_product_unlisted' }] },
    ]);
  });
});

it('target markets are set with the farm, and warned of by market', async () => {
  const technician = await gateway.as('technician');
  expect((await technician.put('/api/farm', { targetMarkets: ['Europe'] })).statusCode).toBe(400);
  expect((await technician.put('/api/farm', { targetMarkets: ['EU', 'VN'] })).statusCode).toBe(200);
  const refused = await technician.post('/api/sprays', { ...spray, plot: 'plot-b' });
  expect([refused.statusCode, reasonOf(refused)]).toEqual([409, 'spray_needs_word']);
  const told = await technician.post('/api/sprays', {
    ...spray,
    plot: 'plot-b',
    nevertheless: 'bán trong nước',
  });
  expect(told.json().spray).toMatchObject({
    ...{
      nevertheless: 'bán trong nước',
      warnings: [{ key: 'spray_market_banned', figures: { market: 'EU' } }],
    },
  });
  await technician.put('/api/farm', { targetMarkets: null });
});
