import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiaryEntry, type DiaryRevision, mergeDiary, mergeEntry } from './index.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const sha = (n: number) => n.toString(16).padStart(64, '0');

function revision(n: number, more: Partial<DiaryRevision> = {}): DiaryRevision {
  return {
    ...{ revisionId: uuid(n), entryId: uuid(9_000), entryKind: 'harvest', madeOn: [], author: 'an' },
    ...{ phoneAtMs: n, set: {}, attach: [], detach: [] },
    ...more,
  };
}

const photo = (n: number) => ({ sha256: sha(n), mediaType: 'image/jpeg', sizeBytes: 10 });

const begin = revision(1, { set: { date: '2026-11-20', plot: 'a', quantityKg: 10 } });

describe('an entry of the diary', () => {
  it('is what its last revision made of it, and keeps all of them', () => {
    const entry = mergeEntry([begin, revision(2, { madeOn: [uuid(1)], set: { quantityKg: 12 } })]);
    expect(entry.fields.quantityKg).toMatchObject({ value: 12, revisionId: uuid(2), others: [] });
    expect(entry.fields.plot?.value).toBe('a');
    expect(entry.revisions).toHaveLength(2);
    expect(entry.heads).toEqual([uuid(2)]);
  });

  it('follows what a person has seen, not a clock that goes wrong', () => {
    const entry = mergeEntry([
      { ...begin, phoneAtMs: 9_999_999 },
      revision(2, { madeOn: [uuid(1)], set: { quantityKg: 12 } }),
    ]);
    expect(entry.fields.quantityKg?.value).toBe(12);
  });

  it('keeps both of two values set side by side, shows the later one, and is of one mind again once somebody has seen both', () => {
    const an = revision(2, { madeOn: [uuid(1)], set: { quantityKg: 12 } });
    const binh = revision(3, { madeOn: [uuid(1)], set: { quantityKg: 13 }, author: 'binh' });
    const entry = mergeEntry([begin, an, binh]);
    expect(entry.fields.quantityKg).toMatchObject({
      value: 13,
      author: 'binh',
      others: [{ value: 12, author: 'an' }],
    });
    expect(entry.heads).toEqual([uuid(2), uuid(3)]);
    const settled = mergeEntry([
      begin,
      an,
      binh,
      revision(4, { madeOn: [...entry.heads], set: { quantityKg: 12 } }),
    ]);
    expect(settled.fields.quantityKg).toMatchObject({ value: 12, others: [] });
  });

  it('takes changes of different fields side by side, without a quarrel', () => {
    const entry = mergeEntry([
      begin,
      revision(2, { madeOn: [uuid(1)], set: { quantityKg: 12 } }),
      revision(3, { madeOn: [uuid(1)], set: { note: 'mưa' } }),
    ]);
    expect(Object.values(entry.fields).every(({ others }) => others.length === 0)).toBe(true);
    expect([entry.fields.quantityKg?.value, entry.fields.note?.value]).toEqual([12, 'mưa']);
  });

  it('keeps the photos of both, and one that is taken away where another adds it', () => {
    const entry = mergeEntry([
      { ...begin, attach: [photo(1)] },
      revision(2, { madeOn: [uuid(1)], attach: [photo(2)], detach: [sha(1)] }),
      revision(3, { madeOn: [uuid(1)], attach: [photo(3)] }),
    ]);
    expect(entry.attachments.map(({ sha256 }) => sha256)).toEqual([sha(2), sha(3)]);
  });

  it('is withdrawn by a revision, counts again by another, and says when somebody went on without knowing', () => {
    const gone = revision(2, { madeOn: [uuid(1)], withdrawn: true, why: 'hai lần' });
    expect(mergeEntry([begin, gone])).toMatchObject({ withdrawn: true, isWithdrawalContested: false });
    const edit = revision(3, { madeOn: [uuid(1)], set: { quantityKg: 11 } });
    expect(mergeEntry([begin, gone, edit])).toMatchObject({ withdrawn: true, isWithdrawalContested: true });
    const back = revision(4, { madeOn: [uuid(2), uuid(3)], withdrawn: false });
    expect(mergeEntry([begin, gone, edit, back])).toMatchObject({
      withdrawn: false,
      isWithdrawalContested: false,
    });
  });

  it('says which revisions it waits for', () => {
    expect(mergeEntry([revision(2, { madeOn: [uuid(1)] })]).missing).toEqual([uuid(1)]);
  });
});

/** What phones may have made: each revision on any of those before it, by clocks that agree on nothing. */
const histories = fc
  .array(
    fc.record({
      entry: fc.nat(2),
      bases: fc.array(fc.nat(30), { maxLength: 3 }),
      phoneAtMs: fc.nat(5),
      set: fc.dictionary(fc.constantFrom('date', 'plot', 'note'), fc.oneof(fc.nat(3), fc.constant(null))),
      attach: fc.array(fc.nat(3), { maxLength: 2 }),
      detach: fc.array(fc.nat(3), { maxLength: 2 }),
      withdrawn: fc.option(fc.boolean(), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((steps) => {
    const made: DiaryRevision[] = [];
    for (const [n, { entry, bases, withdrawn, ...step }] of steps.entries()) {
      const own = made.filter(({ entryId }) => entryId === uuid(1_000 + entry));
      const madeOn = own.length === 0 ? [] : bases.map((base) => own[base % own.length]?.revisionId ?? '');
      made.push(
        revision(n, {
          ...{ entryId: uuid(1_000 + entry), madeOn: [...new Set(madeOn)], phoneAtMs: step.phoneAtMs },
          ...{ set: { ...step.set }, attach: step.attach.map(photo), detach: step.detach.map(sha) },
          ...(withdrawn === undefined ? {} : { withdrawn }),
        }),
      );
    }
    return made;
  });

const plain = (entries: ReadonlyMap<string, DiaryEntry>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

describe('merging', () => {
  it('comes to the same in every order, and however often something comes', () => {
    const shuffled = histories.chain((made) =>
      fc.tuple(fc.constant(made), fc.shuffledSubarray([...made, ...made], { minLength: made.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([made, again]) => {
        expect(plain(mergeDiary(again))).toEqual(plain(mergeDiary(made)));
      }),
      { numRuns: 400 },
    );
  });

  it('loses no value that nobody has replaced knowingly, and no photo', () => {
    fc.assert(
      fc.property(histories, (made) => {
        for (const entry of mergeDiary(made).values()) {
          const its = made.filter(({ entryId }) => entryId === entry.entryId);
          expect(entry.revisions).toHaveLength(its.length);
          for (const head of its.filter(({ revisionId }) => entry.heads.includes(revisionId))) {
            for (const [name, value] of Object.entries(head.set)) {
              const field = entry.fields[name];
              expect([field?.value, ...(field?.others ?? []).map((other) => other.value)]).toContain(value);
            }
            const shown = entry.attachments.map(({ sha256 }) => sha256);
            for (const { sha256 } of head.attach) expect(shown).toContain(sha256);
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
