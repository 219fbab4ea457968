/** What may travel between phone and gateway. */

export const mostRevisionsInBatch = 50;
/** Of its JSON. */
export const mostRevisionBytes = 16 * 1024;
/** Bytes of a photo; phones make it smaller first. Of a voice note: some ten minutes. */
export const mostAttachmentBytes = 8 * 1024 * 1024;
/** An attachment travels in pieces of so many bytes at most. */
export const mostPieceBytes = 256 * 1024;

/** By its contents: what may be attached. */
export const attachmentTypes = [
  'image/jpeg',
  'image/png',
  'image/webp',
  'audio/webm',
  'audio/ogg',
  'audio/mp4',
] as const;
export type AttachmentType = (typeof attachmentTypes)[number];
