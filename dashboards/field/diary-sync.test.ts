import type { DiaryRevision, RevisionVerdict, Waiting } from '@nongtin/broker/wire/diary';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../ui/api.ts';
import type { HeldFile, KnownRevision } from './diary-store.ts';
import { type DiaryDoor, syncDiary } from './diary-sync.ts';

const revision = (n: number): DiaryRevision => ({
  ...{ revisionId: `r${n}`, entryId: 'e', entryKind: 'observation', madeOn: [], author: 'an', phoneAtMs: n },
  ...{ set: { what: 'rệp' }, attach: [], detach: [] },
});

/** What the phone keeps, in memory. */
function phone(waiting: Waiting[], files: HeldFile[] = []) {
  const state = { waiting, files, known: new Map<string, KnownRevision>(), upTo: 0 };
  return {
    state,
    waiting: async () => [...state.waiting],
    settle: async (sent: readonly string[], left: readonly Waiting[]) => {
      const kept = new Map(left.map((one) => [one.revision.revisionId, one]));
      state.waiting = state.waiting.flatMap((one) =>
        sent.includes(one.revision.revisionId) ? (kept.get(one.revision.revisionId) ?? []) : one,
      );
    },
    upTo: async () => state.upTo,
    learn: async (revisions: readonly KnownRevision[], upTo: number) => {
      for (const one of revisions) state.known.set(one.revision.revisionId, one);
      state.upTo = upTo;
    },
    files: async () => [...state.files],
    dropFile: async (sha256: string) => {
      state.files = state.files.filter((file) => file.sha256 !== sha256);
    },
  };
}

/** A gateway in memory; `refuse`: revisions that it does not take. */
function gateway(refuse: readonly string[] = []) {
  const accepted: DiaryRevision[] = [];
  const received = new Map<string, number>();
  const puts: number[] = [];
  let cuts = 0;
  const door: DiaryDoor = {
    push: async (revisions) =>
      revisions.map((one): RevisionVerdict => {
        const { revisionId } = one;
        if (refuse.includes(revisionId))
          return { revisionId, verdict: 'refused', problems: [{ path: 'set', key: 'k', figures: {} }] };
        const isKnown = accepted.some((known) => known.revisionId === revisionId);
        if (!isKnown) accepted.push(one);
        return { revisionId, verdict: isKnown ? 'known' : 'accepted', problems: [] };
      }),
    pull: async (after) => {
      const page = accepted.slice(after, after + 2);
      return {
        revisions: page.map((one, n) => ({
          revision: one,
          author: 'An',
          number: after + n + 1,
          receivedAtMs: 1,
        })),
        more: page.length === 2,
      };
    },
    received: async (sha256) => received.get(sha256) ?? 0,
    put: async (sha256, offset, piece) => {
      puts.push(offset);
      received.set(sha256, offset + piece.size);
      // It arrived, and the answer did not.
      if (cuts-- > 0) throw new TypeError('Failed to fetch');
      return offset + piece.size;
    },
  };
  const cutOff = (times: number) => {
    cuts = times;
  };
  return { accepted, puts, door, cutOff };
}

describe('a round of the phone with the gateway', () => {
  it('sends what waits, keeps what is refused with the reason, and learns everything page by page', async () => {
    const { accepted, door } = gateway(['r2']);
    const store = phone([1, 2, 3].map((n) => ({ revision: revision(n) })));
    await syncDiary(store, door, 'an');
    expect(accepted.map(({ revisionId }) => revisionId)).toEqual(['r1', 'r3']);
    expect(store.state.waiting).toMatchObject([{ revision: { revisionId: 'r2' }, problems: [{ key: 'k' }] }]);
    expect([...store.state.known.keys()]).toEqual(['r1', 'r3']);
    await syncDiary(store, door, 'an');
    expect(store.state.waiting).toHaveLength(1);
  });

  it('sends hundreds in batches, each once', async () => {
    const { accepted, door } = gateway();
    const store = phone(Array.from({ length: 130 }, (_, n) => ({ revision: revision(n) })));
    await syncDiary(store, door, 'an');
    expect(accepted).toHaveLength(130);
    expect(store.state.waiting).toEqual([]);
  });

  it('goes on with a photo where it was cut off, and sends no byte twice', async () => {
    const { door, puts, cutOff } = gateway();
    const store = phone(
      [],
      [{ sha256: 'f', blob: new Blob([new Uint8Array(600_000)], { type: 'image/jpeg' }) }],
    );
    cutOff(1);
    await expect(syncDiary(store, door, 'an')).rejects.toThrow('Failed to fetch');
    expect(store.state.files).toHaveLength(1);
    await syncDiary(store, door, 'an');
    expect(puts).toEqual([0, 262_144, 524_288]);
    expect(store.state.files).toEqual([]);
  });

  it('keeps a photo that is refused, says why, and sends the next one', async () => {
    const { door, puts } = gateway();
    const reason = { key: 'diary_tells_place', figures: {} };
    const picky: DiaryDoor = {
      ...door,
      put: async (sha256, offset, piece) => {
        if (sha256 === 'a') throw new ApiError(400, 'your_input', 'GPS', reason);
        return door.put(sha256, offset, piece);
      },
    };
    const store = phone(
      [],
      ['a', 'b'].map((sha256) => ({ sha256, blob: new Blob(['x'], { type: 'image/jpeg' }) })),
    );
    const { refusedFiles } = await syncDiary(store, picky, 'an');
    expect(refusedFiles).toEqual(new Map([['a', reason]]));
    expect(store.state.files.map(({ sha256 }) => sha256)).toEqual(['a']);
    expect(puts).toEqual([0]);
  });
});
