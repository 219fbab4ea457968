/** The diary as phones need it: without the schemas, which the gateway checks by. */
export * from './kinds.ts';
export * from './limits.ts';
export * from './merge.ts';
export * from './outbox.ts';
export type { Attachment, DiaryRevision, FieldValue } from './revision.ts';
