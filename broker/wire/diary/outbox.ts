import { mostPieceBytes, mostRevisionBytes, mostRevisionsInBatch } from './limits.ts';
import type { Attachment, DiaryRevision } from './revision.ts';

/**
 * What a phone still has to tell the gateway, and what becomes of it by the gateway's answers. Pure: the page keeps it in
 * IndexedDB and carries it out. A revision leaves the outbox only by the gateway's word that it has it; one that was refused
 * stays with the reason, and everything may be sent as often as it takes.
 */

/** What the gateway says of one revision of a batch. */
export interface RevisionVerdict {
  readonly revisionId: string;
  /** 'known': it had come before. */
  readonly verdict: 'accepted' | 'known' | 'refused';
  readonly problems: readonly {
    readonly path: string;
    readonly key: string;
    readonly figures: Readonly<Record<string, string | number>>;
  }[];
}

export interface Waiting {
  readonly revision: DiaryRevision;
  /** Of the last time it was refused; it is tried again, for what it lacked may have come. */
  readonly problems?: RevisionVerdict['problems'];
}

/** A batch may be refused as a whole when it has more bytes; a revision of the greatest size alone has less. */
const MOST_BATCH_BYTES = 8 * mostRevisionBytes;

/** The next batch, oldest first, without those that were dealt with in this round already. */
export function nextBatch(waiting: readonly Waiting[], dealtWith: ReadonlySet<string>): DiaryRevision[] {
  const batch: DiaryRevision[] = [];
  let bytes = 0;
  for (const { revision } of waiting) {
    if (dealtWith.has(revision.revisionId)) continue;
    // At least two bytes a character of what is not ASCII, at most three.
    bytes += JSON.stringify(revision).length * 3;
    if (batch.length > 0 && (bytes > MOST_BATCH_BYTES || batch.length === mostRevisionsInBatch)) break;
    batch.push(revision);
  }
  return batch;
}

/** The outbox after an answer. Verdicts about what it does not hold change nothing. */
export function afterAnswer(waiting: readonly Waiting[], answer: readonly RevisionVerdict[]): Waiting[] {
  const verdicts = new Map(answer.map((one) => [one.revisionId, one]));
  return waiting.flatMap((one) => {
    const said = verdicts.get(one.revision.revisionId);
    if (said === undefined) return [one];
    return said.verdict === 'refused' ? [{ ...one, problems: said.problems }] : [];
  });
}

/** The next piece of an attachment of which the gateway has so many bytes; undefined: it has all of them. */
export function nextPiece(
  { sizeBytes }: Attachment,
  receivedBytes: number,
): { offset: number; end: number } | undefined {
  if (receivedBytes >= sizeBytes) return undefined;
  return { offset: receivedBytes, end: Math.min(sizeBytes, receivedBytes + mostPieceBytes) };
}
