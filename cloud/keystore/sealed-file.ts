import { randomBytes, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { explainProblem, readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { type KeyRing, newKey, opened, type RotatingKeyStore, ringKeyStore, sealed } from './key-store.ts';

/** scrypt's cost (RFC 7914): 128 MiB for a moment at each start, as OWASP advises for N = 2^17, r = 8, p = 1. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
type Cost = { readonly N: number; readonly r: number; readonly p: number };

const FORMAT = 'nongtin-key-ring/1';
const KEY_BYTES = 32;
const SHORTEST_PASSPHRASE = 12;

/** The file: how its key comes from the passphrase, and the ring under that key. Nothing in it can be exchanged. */
interface SealedRing {
  readonly format: typeof FORMAT;
  readonly kdf: Cost & { readonly name: 'scrypt'; readonly salt: string };
  /** base64url of nonce | ciphertext | tag, AES-256-GCM. */
  readonly sealed: string;
}

export interface SealedFileOptions {
  readonly path: string;
  /** A file whose first line is the passphrase: what stands on a command line or in an environment is read by others. */
  readonly passphraseFile: string;
  /** Keys so far, when the file is made: they unwrap until they are retired. */
  readonly older?: KeyRing;
  readonly cost?: Cost;
}

/** The ring under a passphrase: who copies the disk alone has nothing. Losing either loses every stamp. */
export function openSealedKeyStore(options: SealedFileOptions): RotatingKeyStore {
  const { path } = options;
  const passphrase = readPassphrase(options.passphraseFile);
  const saved = readStateFile(path, isSealedRing);
  const kdf = saved?.kdf ?? {
    name: 'scrypt',
    ...(options.cost ?? COST),
    salt: randomBytes(16).toString('base64url'),
  };
  const key = fromPassphrase(passphrase, kdf);
  const context = JSON.stringify([FORMAT, kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt]);
  const write = (ring: KeyRing) => {
    const bytes = sealed(key, Buffer.concat(ring), context);
    writeStateFile(path, { format: FORMAT, kdf, sealed: bytes.toString('base64url') } satisfies SealedRing);
  };
  if (saved === undefined) write([newKey(), ...(options.older ?? [])]);
  return ringKeyStore({
    write,
    read: () => {
      const file = readStateFile(path, isSealedRing);
      const bytes = opened(key, Buffer.from(file?.sealed ?? '', 'base64url'), context);
      if (bytes === undefined || bytes.length === 0 || bytes.length % KEY_BYTES !== 0)
        throw new StartProblem(
          `The passphrase in ${options.passphraseFile} does not open ${path}: give the one it was made with, or restore the file.`,
        );
      return Array.from({ length: bytes.length / KEY_BYTES }, (_, i) =>
        bytes.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES),
      );
    },
  });
}

function readPassphrase(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new StartProblem(
        `There is no file ${path}: NONGTIN_STAMP_KEY_PASSPHRASE_FILE names the file with the passphrase.`,
      );
    throw explainProblem(error, { path });
  }
  // Some editors begin a file with a byte order mark, which nobody sees.
  const passphrase = (text.replace(/^\ufeff/, '').split(/\r?\n/)[0] ?? '').normalize('NFKC');
  if ([...passphrase].length >= SHORTEST_PASSPHRASE) return passphrase;
  throw new StartProblem(
    `The passphrase in ${path} is shorter than ${SHORTEST_PASSPHRASE} characters: six random words are a good one.`,
  );
}

function fromPassphrase(passphrase: string, { N, r, p, salt }: SealedRing['kdf']): Uint8Array {
  // Twice what scrypt needs (128 × N × r bytes): node refuses what reaches the limit itself.
  return scryptSync(passphrase, Buffer.from(salt, 'base64url'), KEY_BYTES, { N, r, p, maxmem: 256 * N * r });
}

/** Bounded, so that a file that somebody put there cannot ask for all memory: 1 GiB at most. */
function isSealedRing(value: unknown): value is SealedRing {
  const { format, kdf, sealed } = (value ?? {}) as Partial<Record<keyof SealedRing, unknown>>;
  const { name, N, r, p, salt } = (kdf ?? {}) as Record<string, unknown>;
  const whole = [N, r, p].every((one) => Number.isSafeInteger(one) && Number(one) > 0);
  const isPowerOfTwo = whole && Number.isInteger(Math.log2(Number(N)));
  const bounded = isPowerOfTwo && Number(N) >= 2 && Number(N) * Number(r) <= 2 ** 23 && Number(p) <= 16;
  const texts = typeof sealed === 'string' && typeof salt === 'string' && salt.length >= 16;
  return format === FORMAT && name === 'scrypt' && bounded && texts;
}
