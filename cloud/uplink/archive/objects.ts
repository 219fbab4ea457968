/**
 * Where the archive's objects lie: a folder (folder-objects.ts) or an S3-compatible bucket (bucket-objects.ts). An object
 * is written once and never changed; its name follows from its content, so that writing it again changes nothing.
 */
export interface Objects {
  /** Durable when it resolves. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Exactly these bytes of it; rejects when it is not there or shorter. */
  get(name: string, offset: number, length: number): Promise<Uint8Array>;
}
