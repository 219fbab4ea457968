/**
 * Where the archive's objects lie: a folder (folder-objects.ts) or an S3-compatible bucket (bucket-objects.ts). An object
 * is written once and never changed; its name follows from its content, so that writing it again changes nothing.
 */
export interface Objects {
  /** Durable when it resolves. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Exactly these bytes of it; rejects with NotThere when it is not there or shorter. */
  get(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** All of it; rejects with NotThere. */
  getAll(name: string): Promise<Uint8Array>;
  /** Names of whatever lies in this folder of names (`2026/11/22`), in pages. What is written meanwhile may be missing. */
  list(folder: string): AsyncIterable<readonly string[]>;
  /** Resolves when it is not there, whoever has deleted it. Rejects with KeptForGood when it may not be deleted. */
  delete(name: string): Promise<void>;
}

/** The place answers, and does not have it, or less of it than was asked for. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** The place refuses to delete: an object lock, a key without the right. Trying again changes nothing. */
export class KeptForGood extends Error {
  override readonly name = 'KeptForGood';
}
