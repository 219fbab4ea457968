import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
let author = '';
beforeAll(async () => {
  gateway = await testApi();
  const member = await gateway.as('member');
  const session = (await member.get('/api/auth/get-session')).json();
  author = session.user.id;
});
afterAll(() => gateway.close());

const plot = () => gateway.parts.layout.farm.plots[0]?.id ?? '';
const revision = (more: object = {}) => ({
  ...{ revisionId: randomUUID(), entryId: randomUUID(), entryKind: 'harvest', madeOn: [] as string[] },
  ...{
    author,
    phoneAtMs: 5,
    set: { date: '2026-11-20', plot: plot(), quantityKg: 120 },
    attach: [],
    detach: [],
  },
  ...more,
});
const send = async (...revisions: unknown[]) =>
  (await gateway.as('member')).post('/api/diary/revisions', { revisions });
const verdictsOf = async (...revisions: unknown[]) => (await send(...revisions)).json().verdicts;
const days = async () =>
  (await (await gateway.as('auditor')).get('/api/diary?from=2026-11-20&to=2026-11-20')).json();

const jpeg = (more: Buffer = Buffer.from('picture')) => {
  const bytes = Buffer.concat([Buffer.from('\xff\xd8\xff\xda', 'latin1'), more]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, attachment: { sha256, mediaType: 'image/jpeg', sizeBytes: bytes.length } };
};
const put = async (sha256: string, offset: number, bytes: Buffer) => {
  const { headers } = await gateway.as('member');
  return gateway.app.inject({
    ...{ method: 'PUT', url: `/api/diary/attachments/${sha256}?offset=${offset}`, payload: bytes },
    headers: { ...headers, 'content-type': 'application/octet-stream' },
  });
};

describe('revisions that phones send', () => {
  it('are accepted one by one, known the second time, and come back to every phone', async () => {
    const first = revision();
    const second = revision({ entryId: first.entryId, madeOn: [first.revisionId], set: { quantityKg: 125 } });
    // The later one first: a batch may come in any order.
    expect((await verdictsOf(second, first)).map((one: { verdict: string }) => one.verdict)).toEqual([
      'accepted',
      'accepted',
    ]);
    expect(await verdictsOf(first)).toMatchObject([{ verdict: 'known' }]);
    const { revisions } = (await (await gateway.as('technician')).get('/api/diary/revisions')).json();
    expect(revisions.map((one: { revision: unknown }) => one.revision)).toEqual([first, second]);
    expect(revisions[0].author).toBe('Sáu');
    const after = await (await gateway.as('member')).get(`/api/diary/revisions?after=${revisions[1].number}`);
    expect(after.json()).toEqual({ revisions: [], more: false });
    const [entry] = (await days()).entries;
    expect(entry).toMatchObject({ fields: { quantityKg: { value: 125, author: 'Sáu' } }, withdrawn: false });
    expect(entry.revisions).toHaveLength(2);
  });

  it('become a harvest for the cloud once, however often they come', async () => {
    const first = revision();
    await Promise.all([send(first), send(first), send(first)]);
    const harvests = gateway.records.all.filter(
      (record) => record.kind === 'harvest' && record.harvestId === first.entryId,
    );
    expect(harvests).toMatchObject([{ quantityKg: 120, recordedBy: author }]);
  });

  it.each<[string, () => object, object]>([
    [
      'a plot that is not there',
      () => revision({ set: { date: '2026-11-20', plot: 'x9', quantityKg: 1 } }),
      { path: 'set.plot', key: 'diary_plot_unknown', figures: { place: 'x9' } },
    ],
    [
      'a day that is none',
      () => revision({ set: { date: '2026-02-30', plot: plot(), quantityKg: 1 } }),
      { path: 'set.date', key: 'diary_not_a_date' },
    ],
    [
      'a day on which phones begin that have lost their clock',
      () => revision({ set: { date: '1970-01-01', plot: plot(), quantityKg: 1 } }),
      { path: 'set.date', key: 'diary_date_too_early', figures: { date: '1970-01-01' } },
    ],
    [
      'a day that has not come',
      () => revision({ set: { date: '2090-11-20', plot: plot(), quantityKg: 1 } }),
      { path: 'set.date', key: 'diary_date_in_future', figures: { date: '2090-11-20' } },
    ],
    [
      'what is missing',
      () => revision({ set: { date: '2026-11-20', plot: plot() } }),
      { path: 'set.quantityKg', key: 'diary_field_required' },
    ],
    [
      'no kilograms',
      () => revision({ set: { date: '2026-11-20', plot: plot(), quantityKg: -4 } }),
      { path: 'set.quantityKg', key: 'diary_not_in_range' },
    ],
    [
      'an unknown field',
      () => revision({ set: { ...revision().set, colour: 'red' } }),
      { path: 'set.colour', key: 'diary_field_unknown' },
    ],
    [
      'an unknown kind',
      () => revision({ entryKind: 'party' }),
      { path: 'entryKind', key: 'diary_kind_unknown' },
    ],
    [
      "somebody else's name",
      () => revision({ author: 'else' }),
      { path: 'author', key: 'diary_other_author' },
    ],
    [
      'what it is made on, which nobody knows',
      () => revision({ madeOn: [randomUUID()] }),
      { path: 'madeOn', key: 'diary_base_unknown' },
    ],
    [
      'a photo of 40 MB',
      () => revision({ attach: [{ ...jpeg().attachment, sizeBytes: 40 * 1024 * 1024 }] }),
      { path: 'attach[0].sizeBytes', key: 'diary_attachment_too_large', figures: { megabytes: 40, most: 8 } },
    ],
    [
      'a film',
      () => revision({ attach: [{ ...jpeg().attachment, mediaType: 'video/mp4' }] }),
      { path: 'attach[0].mediaType', key: 'diary_attachment_type' },
    ],
    [
      'a shape that is none',
      () => ({ ...revision(), phoneAtMs: 'now' }),
      { path: 'phoneAtMs', key: 'diary_wrong_shape' },
    ],
    [
      'more than there is room for',
      () => revision({ set: { ...revision().set, note: 'x'.repeat(20_000) } }),
      { key: 'diary_revision_too_large' },
    ],
  ])('are told %s, and where, while the others go through', async (_, wrong, problem) => {
    const good = revision();
    const verdicts = await verdictsOf(wrong(), good);
    expect(verdicts[0]).toMatchObject({ verdict: 'refused', problems: [problem] });
    expect(verdicts[1]).toMatchObject({ revisionId: good.revisionId, verdict: 'accepted' });
  });

  it('are never something else under the same id', async () => {
    const first = revision();
    await send(first);
    expect(await verdictsOf({ ...first, phoneAtMs: 6 })).toMatchObject([
      { verdict: 'refused', problems: [{ key: 'diary_id_reused' }] },
    ]);
  });

  it('need a reason to withdraw', async () => {
    const first = revision();
    await send(first);
    const gone = {
      ...revision({ entryId: first.entryId, madeOn: [first.revisionId], set: {} }),
      withdrawn: true,
    };
    expect(await verdictsOf(gone)).toMatchObject([{ problems: [{ path: 'why', key: 'diary_why_missing' }] }]);
    expect(await verdictsOf({ ...gone, why: 'ghi hai lần' })).toMatchObject([{ verdict: 'accepted' }]);
  });

  it('are for who works in the field; an auditor reads', async () => {
    const auditor = await gateway.as('auditor');
    expect((await auditor.post('/api/diary/revisions', { revisions: [revision()] })).statusCode).toBe(403);
    expect((await auditor.get('/api/diary?from=2026-11-20&to=2026-11-20')).statusCode).toBe(200);
  });

  it('tell the guard of a spraying, and a harvest inside its interval waits for a manager’s word', async () => {
    const spraying = revision({
      entryKind: 'spraying',
      set: { date: '2026-11-20', plot: plot(), product: 'Thuốc lạ', target: 'kiến', doneBy: 'Ba' },
    });
    const harvest = revision({ set: { date: '2026-11-20', plot: plot(), quantityKg: 33 } });
    await send(spraying, harvest);
    const warned = (await days()).entries.filter(
      ({ warnings }: { warnings: unknown[] }) => warnings.length > 0,
    );
    expect(warned.map(({ entryId }: { entryId: string }) => entryId).sort()).toEqual(
      [spraying.entryId, harvest.entryId].sort(),
    );
    const word = `/api/diary/entries/${harvest.entryId}/word`;
    const why = { why: 'làm phân xanh' };
    expect((await (await gateway.as('member')).post(word, why)).statusCode).toBe(403);
    const refused = await (await gateway.as('technician')).post(word, why);
    expect(refused.statusCode).toBe(409);
    expect(refused.json().error.reason).toMatchObject({ key: 'harvest_phi_unknown' });
    expect((await (await gateway.as('manager')).post(word, why)).statusCode).toBe(200);
    const told = gateway.records.all.filter(
      (record) => record.kind === 'harvest' && record.harvestId === harvest.entryId,
    );
    expect(told).toMatchObject([{ quantityKg: 33, override: { reason: 'làm phân xanh' } }]);
    const nothing = await (await gateway.as('manager')).post(`/api/diary/entries/${randomUUID()}/word`, why);
    expect(nothing.statusCode).toBe(404);
  });

  it('are not asked for years at once, nor for days that are none', async () => {
    const member = await gateway.as('member');
    const told = async (query: string) => (await member.get(`/api/diary?${query}`)).json().error.message;
    expect(await told('from=2020-01-01&to=2026-01-01')).toMatch(/400 days/);
    expect(await told('from=2026-11-21&to=2026-11-20')).toMatch(/in order/);
    expect(await told('from=2026-02-30&to=2026-03-01')).toMatch(/2026-02-30/);
  });
});

describe('the diary as a file', () => {
  it('is what auditors read: PDF, workbook and JSON', async () => {
    await send(revision());
    const auditor = await gateway.as('auditor');
    const file = (format: string) =>
      auditor.get(`/api/diary/export?from=2026-11-20&to=2026-11-20&format=${format}`);
    const pdf = await file('pdf');
    expect(pdf.headers).toMatchObject({
      'content-type': 'application/pdf',
      'content-disposition': 'attachment; filename="nhat-ky-2026-11-20-2026-11-20.pdf"',
    });
    expect(pdf.rawPayload.subarray(0, 5).toString()).toBe('%PDF-');
    expect((await file('xlsx')).rawPayload.subarray(0, 2).toString()).toBe('PK');
    const json = (await file('json')).json();
    expect(json).toMatchObject({ format: 'nongtin-diary-1', farm: gateway.parts.layout.farm.site });
    expect(json.entries.length).toBeGreaterThan(0);
    expect((await file('docx')).json().error.message).toMatch(/pdf, xlsx, json/);
  });
});

describe('photos', () => {
  it('come in pieces, go on where they stopped, and are there for everybody', async () => {
    const { bytes, attachment } = jpeg(Buffer.alloc(1_000, 7));
    await send(revision({ attach: [attachment] }));
    const { sha256 } = attachment;
    expect((await put(sha256, 0, bytes.subarray(0, 400))).json()).toEqual({
      outcome: 'more',
      receivedBytes: 400,
    });
    // Its answer was lost: the phone sends the same piece again.
    expect((await put(sha256, 0, bytes.subarray(0, 400))).json()).toEqual({
      outcome: 'misplaced',
      receivedBytes: 400,
    });
    const received = await (await gateway.as('member')).get(`/api/diary/attachments/${sha256}/received`);
    expect(received.json()).toEqual({ outcome: 'more', receivedBytes: 400 });
    expect((await put(sha256, 400, bytes.subarray(400))).json()).toMatchObject({ outcome: 'complete' });
    const picture = await (await gateway.as('auditor')).get(`/api/diary/attachments/${sha256}`);
    expect(picture.headers['content-type']).toBe('image/jpeg');
    expect(picture.rawPayload).toEqual(bytes);
  });

  it('that no entry names are not taken', async () => {
    const { bytes, attachment } = jpeg(Buffer.from('nobody'));
    const answer = await put(attachment.sha256, 0, bytes);
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error.message).toMatch(/send the entry first/);
  });

  it('are what their hash and their name say, or nothing of them is kept', async () => {
    const { attachment } = jpeg(Buffer.from('one'));
    await send(revision({ attach: [attachment] }));
    const other = await put(attachment.sha256, 0, Buffer.alloc(attachment.sizeBytes));
    expect(other.json().error.reason.key).toBe('diary_other_bytes');
    const html = Buffer.from('<script>alert(1)</script>');
    const named = {
      sha256: createHash('sha256').update(html).digest('hex'),
      mediaType: 'image/png',
      sizeBytes: html.length,
    };
    await send(revision({ attach: [named] }));
    const answer = await put(named.sha256, 0, html);
    expect(answer.json().error).toMatchObject({ reason: { key: 'diary_other_content' } });
    const member = await gateway.as('member');
    expect((await member.get(`/api/diary/attachments/${named.sha256}`)).statusCode).toBe(404);
    expect((await put(named.sha256, 0, Buffer.alloc(0))).json().error.reason.key).toBe('diary_piece_size');
  });

  it('that say where they were taken are refused', async () => {
    const tiff = Buffer.from(
      '4d4d002a00000008' + '0001' + '8825' + '00040000000100000026' + '00000000',
      'hex',
    );
    const exif = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(exif.length + 2);
    const bytes = Buffer.concat([Buffer.from('ffd8ffe1', 'hex'), size, exif, Buffer.from('ffda00', 'hex')]);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await send(revision({ attach: [{ sha256, mediaType: 'image/jpeg', sizeBytes: bytes.length }] }));
    const answer = await put(sha256, 0, bytes);
    expect(answer.json().error).toMatchObject({ reason: { key: 'diary_tells_place' }, kind: 'your_input' });
  });
});
