import { type Static, Type } from 'typebox';

/**
 * The farm diary's revisions: what a phone makes, what the gateway journals, and what both merge (merge.ts). Nothing is ever
 * changed or deleted: every change of an entry, its withdrawal included, is one more revision.
 */

const AtMs = Type.Integer();
/** Made by the phone, so that it can be named before anybody else has heard of it. */
const Id = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What a field holds; null: it was emptied. */
const FieldValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
export type FieldValue = Static<typeof FieldValue>;

/** A photo or a voice note by the hash of its bytes, which travel apart from the revision that names them. */
const Attachment = Type.Object({
  sha256: Sha256,
  mediaType: Type.String({ minLength: 1, maxLength: 64 }),
  sizeBytes: Type.Integer({ minimum: 1 }),
});
export type Attachment = Static<typeof Attachment>;

/** Of one phone; sent as it stands, and never again differently. */
export const DiaryRevision = Type.Object({
  revisionId: Id,
  entryId: Id,
  /** One of `entryKinds`, or of another version; every revision of an entry says the same. */
  entryKind: Type.String({ minLength: 1, maxLength: 32 }),
  /** The revisions that the phone showed when it was made, those that no other one was made on; none: the entry begins. */
  madeOn: Type.Array(Id, { maxItems: 16 }),
  /** Id of the account that was signed in on the phone. */
  author: Type.String({ minLength: 1, maxLength: 128 }),
  /** By the phone's clock, which may be wrong. */
  phoneAtMs: AtMs,
  /** Why something was changed or withdrawn, in the person's words. */
  why: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  /** The fields that it changes, by name (kinds.ts); all others stay. */
  set: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,39}$' }), FieldValue),
  attach: Type.Array(Attachment, { maxItems: 10 }),
  /** Attachments that the entry shows no more; their bytes stay. */
  detach: Type.Array(Sha256, { maxItems: 10 }),
  /** Absent: as it was. False: the entry counts again. */
  withdrawn: Type.Optional(Type.Boolean()),
});
export type DiaryRevision = Static<typeof DiaryRevision>;

/** A revision that the gateway has accepted. */
export const DiaryRevisionRecord = Type.Object({
  kind: Type.Literal('diary_revision'),
  /** By the gateway's clock, when it came. */
  atMs: AtMs,
  revision: DiaryRevision,
});
export type DiaryRevisionRecord = Static<typeof DiaryRevisionRecord>;
