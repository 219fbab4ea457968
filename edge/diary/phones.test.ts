import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Attachment,
  afterAnswer,
  type DiaryEntry,
  type DiaryRevision,
  mergeDiary,
  nextBatch,
  nextPiece,
  type Waiting,
} from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { Diary } from './diary.ts';
import { MemoryJournal, openGuard } from './memory-journal.suite.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-phones-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
let ids = 0;
/** When they are all back. */
const NOW_MS = Date.UTC(2026, 10, 22);
const newId = () => `00000000-0000-4000-8000-${(++ids).toString(16).padStart(12, '0')}`;
const farm = demoFarm();
const plot = farm.plots[0]?.id ?? '';

function gateway() {
  const folder = join(root, String(++folders));
  const journal = new MemoryJournal();
  const open = () =>
    new Diary({
      layout: { farm },
      journal,
      clock: { nowMs: () => NOW_MS, isTrusted: () => true },
      newId,
      folder,
      guard: openGuard,
    });
  let diary = open();
  return {
    journal,
    diary: () => diary,
    async restart() {
      diary.stop();
      diary = open();
      await diary.start();
    },
  };
}

/** A picture of some bytes that no two have alike. */
function picture(n: number): { bytes: Buffer; attachment: Attachment } {
  const bytes = Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.alloc(300_000 + n, n)]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, attachment: { sha256, mediaType: 'image/jpeg', sizeBytes: bytes.length } };
}

/** As the page does it: what was heard, what was made, and what of that nobody has acknowledged. */
class Phone {
  readonly name: string;
  readonly known = new Map<string, DiaryRevision>();
  readonly photos = new Map<string, Buffer>();
  waiting: Waiting[] = [];
  #upTo = 0;

  constructor(name: string) {
    this.name = name;
  }

  get entries(): ReadonlyMap<string, DiaryEntry> {
    return mergeDiary(this.known.values());
  }

  make(entry: DiaryEntry | undefined, phoneAtMs: number, more: Partial<DiaryRevision>): void {
    const revision: DiaryRevision = {
      ...{ revisionId: newId(), entryId: entry?.entryId ?? newId(), entryKind: 'harvest' },
      ...{
        madeOn: [...(entry?.heads ?? [])].slice(0, 16),
        author: this.name,
        phoneAtMs,
        attach: [],
        detach: [],
      },
      set: entry === undefined ? { date: '2026-11-20', plot, quantityKg: 1 } : {},
      ...more,
    };
    this.known.set(revision.revisionId, revision);
    this.waiting.push({ revision });
  }

  /** `lost`: 1 the batch does not arrive, 2 the answer does not, 3 it arrives twice. */
  async push(diary: Diary, lost: number, isShuffled: boolean): Promise<void> {
    const batch = nextBatch(this.waiting, new Set());
    if (lost === 1 || batch.length === 0) return;
    const sent = structuredClone(isShuffled ? batch.toReversed() : batch);
    const sender = { id: this.name, name: this.name, role: 'member' };
    const answers = [diary.accept(sent, sender)];
    if (lost === 3) answers.push(diary.accept(sent, sender));
    const [answer = []] = await Promise.all(answers);
    if (lost !== 2) this.waiting = afterAnswer(this.waiting, answer);
  }

  pull(diary: Diary, limit: number): void {
    for (const { number, revision } of diary.revisionsAfter(this.#upTo, limit)) {
      this.known.set(revision.revisionId, revision);
      this.#upTo = number;
    }
  }

  /** So many pieces of what the gateway lacks; the answer to the last one is lost on the way. */
  upload(diary: Diary, pieces: number): void {
    let left = pieces;
    for (const [sha256, bytes] of this.photos) {
      const attachment = diary.attachment(sha256);
      if (attachment === undefined) continue;
      for (;;) {
        const piece = nextPiece(attachment, diary.attachments.receivedBytes(attachment));
        if (piece === undefined || left-- <= 0) break;
        // The signal went in the middle of it: what came is no whole piece.
        const end = pieces % 2 === 1 ? Math.ceil((piece.offset + piece.end) / 2) : piece.end;
        diary.attachments.append(attachment, piece.offset, bytes.subarray(piece.offset, end));
      }
    }
  }
}

const step = fc.record({
  phone: fc.nat(2),
  what: fc.constantFrom('new', 'edit', 'edit', 'photo', 'withdraw', 'push', 'pull', 'upload', 'restart'),
  which: fc.nat(20),
  // Clocks of phones agree on nothing, some of them by years.
  phoneAtMs: fc.oneof(fc.nat(20), fc.constantFrom(0, Date.UTC(2001, 0, 1), Date.UTC(2090, 0, 1))),
  lost: fc.nat(3),
  isShuffled: fc.boolean(),
});

it('loses nothing and doubles nothing, and all come to the same, however three phones came and went', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const { diary, restart, journal } = gateway();
      const phones = ['an', 'binh', 'chi'].map((name) => new Phone(name)) as [Phone, Phone, Phone];
      for (const { phone: at, what, which, phoneAtMs, lost, isShuffled } of steps) {
        const phone = phones[at] ?? phones[0];
        const entries = [...phone.entries.values()];
        const entry = entries[which % Math.max(entries.length, 1)];
        if (what === 'new') phone.make(undefined, phoneAtMs, {});
        else if (what === 'edit' && entry) phone.make(entry, phoneAtMs, { set: { quantityKg: which + 1 } });
        else if (what === 'withdraw' && entry) phone.make(entry, phoneAtMs, { withdrawn: true, why: 'x' });
        else if (what === 'photo' && entry) {
          const { bytes, attachment } = picture(which);
          phone.photos.set(attachment.sha256, bytes);
          phone.make(entry, phoneAtMs, { attach: [attachment] });
        } else if (what === 'push') await phone.push(diary(), lost, isShuffled);
        else if (what === 'pull') phone.pull(diary(), which + 1);
        else if (what === 'upload') phone.upload(diary(), which % 3);
        else if (what === 'restart') await restart();
      }
      const made = phones.flatMap((phone) => [...phone.known.values()]);
      const all = new Map(made.map((revision) => [revision.revisionId, revision]));
      // Everybody is back on the farm's Wi-Fi.
      for (const phone of phones) while (phone.waiting.length > 0) await phone.push(diary(), 0, false);
      for (const phone of phones) {
        phone.pull(diary(), 1_000);
        phone.upload(diary(), Number.POSITIVE_INFINITY);
      }
      await restart();

      const records = await journal.records('diary_revision', 10_000);
      expect(new Set(records.map(({ revision }) => revision.revisionId))).toEqual(new Set(all.keys()));
      expect(records).toHaveLength(all.size);
      const expected = mergeDiary(all.values());
      for (const phone of phones) expect(phone.entries.size).toBe(expected.size);
      const { entries } = await diary().days('2026-11-20', '2026-11-20');
      expect(entries).toHaveLength(expected.size);
      for (const { booked: _, warnings: __, ...entry } of entries) {
        expect(entry).toEqual(expected.get(entry.entryId));
        for (const phone of phones) expect(phone.entries.get(entry.entryId)).toEqual(entry);
      }
      for (const { attachments } of expected.values())
        for (const { sha256 } of attachments) expect(diary().attachments.has(sha256)).toBe(true);
      // Newest first: what the cloud goes by is what the diary says, and once for each correction.
      const harvests = await journal.records('harvest', 10_000);
      for (const { entryId, fields, withdrawn } of expected.values()) {
        const told = harvests.filter(({ harvestId }) => harvestId === entryId);
        expect(told.length === 0 || (told[0]?.correction?.withdrawn ?? false)).toBe(withdrawn);
        if (!withdrawn) expect(told[0]?.quantityKg).toBe(fields.quantityKg?.value);
        const revisions = told.map(({ correction }) => correction?.revision ?? 0);
        expect(revisions).toEqual(told.map((_, n) => told.length - 1 - n));
      }
      diary().stop();
    }),
    { numRuns: 60 },
  );
  // Thousands of small files are written through to the disk.
}, 120_000);
