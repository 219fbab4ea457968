import {
  afterAnswer,
  type DiaryRevision,
  nextBatch,
  nextPiece,
  type RevisionVerdict,
} from '@nongtin/broker/wire/diary';
import { ApiError, call, type Reason } from '../ui/api.ts';
import type { DiaryStore, KnownRevision } from './diary-store.ts';

/** How the phone speaks with the gateway. */
export interface DiaryDoor {
  push(revisions: readonly DiaryRevision[]): Promise<readonly RevisionVerdict[]>;
  pull(after: number): Promise<{ revisions: (KnownRevision & { number: number })[]; more: boolean }>;
  /** How many bytes of a file the gateway has; undefined: no accepted entry names it (yet). */
  received(sha256: string): Promise<number | undefined>;
  /** Resolves with how many it has then. */
  put(sha256: string, offset: number, piece: Blob): Promise<number>;
}

type SyncStore = Pick<DiaryStore, 'waiting' | 'settle' | 'upTo' | 'learn' | 'files' | 'dropFile'>;

interface SyncOutcome {
  /** Files that the gateway refuses, by hash. */
  readonly refusedFiles: ReadonlyMap<string, Reason>;
}

/**
 * One round: everything that waits is sent, everything new is fetched, files are sent on from where they stopped. Each step is
 * kept before the next one, so a round may be cut off anywhere and simply begins again. Rejects when nobody answers.
 */
export async function syncDiary(store: SyncStore, door: DiaryDoor, account: string): Promise<SyncOutcome> {
  const dealtWith = new Set<string>();
  for (;;) {
    const waiting = await store.waiting(account);
    const batch = nextBatch(waiting, dealtWith);
    if (batch.length === 0) break;
    const verdicts = await door.push(batch);
    const sent = batch.map(({ revisionId }) => revisionId);
    for (const revisionId of sent) dealtWith.add(revisionId);
    await store.settle(sent, afterAnswer(waiting, verdicts));
  }
  for (let more = true; more; ) {
    const page = await door.pull(await store.upTo());
    const last = page.revisions.at(-1);
    if (last !== undefined) await store.learn(page.revisions, last.number);
    more = page.more && last !== undefined;
  }
  const refusedFiles = new Map<string, Reason>();
  for (const { sha256, blob } of await store.files()) {
    try {
      await sendFile(store, door, sha256, blob);
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason === undefined) throw error;
      refusedFiles.set(sha256, error.reason);
    }
  }
  return { refusedFiles };
}

async function sendFile(store: SyncStore, door: DiaryDoor, sha256: string, blob: Blob): Promise<void> {
  if (await sendPieces(door, sha256, blob)) await store.dropFile(sha256);
}

/** Sends on from where it stopped; false: no accepted entry names the file (yet). */
export async function sendPieces(
  door: Pick<DiaryDoor, 'received' | 'put'>,
  sha256: string,
  blob: Blob,
): Promise<boolean> {
  let received = await door.received(sha256);
  if (received === undefined) return false;
  const attachment = { sha256, mediaType: blob.type, sizeBytes: blob.size };
  for (let piece = nextPiece(attachment, received); piece; piece = nextPiece(attachment, received))
    received = await door.put(sha256, piece.offset, blob.slice(piece.offset, piece.end));
  return true;
}

/** The gateway's own API. */
export const gatewayDoor: DiaryDoor = {
  push: async (revisions) =>
    (await call<{ verdicts: RevisionVerdict[] }>('/api/diary/revisions', { revisions })).verdicts,
  pull: (after) => call(`/api/diary/revisions?after=${after}`),
  received: async (sha256) => {
    try {
      return (await call<{ receivedBytes: number }>(`/api/diary/attachments/${sha256}/received`))
        .receivedBytes;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  },
  put: async (sha256, offset, piece) => {
    const response = await fetch(`/api/diary/attachments/${sha256}?offset=${offset}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: piece,
    });
    const answer = await response.json();
    if (response.ok) return answer.receivedBytes;
    const { kind = 'our_fault', message = response.statusText, reason } = answer.error ?? {};
    throw new ApiError(response.status, kind, message, reason);
  },
};
