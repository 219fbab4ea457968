import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { openFileKeyStore, readKeyFile } from './key-file.ts';
import type { RotatingKeyStore } from './key-store.ts';
import { openSealedKeyStore } from './sealed-file.ts';
import { type TransitOptions, transitKeyStore } from './transit.ts';

export interface KeyStoreChoice {
  /** Where the files lie: `stamps.key` in the clear, or `stamps.keyring.json` under a passphrase. */
  readonly folder: string;
  /** Undefined: in the clear. */
  readonly passphraseFile: string | undefined;
  /** Undefined: no key service. */
  readonly transit: TransitOptions | undefined;
}

/**
 * The key store that was chosen. What an earlier choice has wrapped stays readable until it is wrapped anew: files that are
 * there are read, whatever is chosen now; an order to go back from a passphrase to the clear is refused.
 */
export function openKeyStore({ folder, passphraseFile, transit }: KeyStoreChoice): RotatingKeyStore {
  const plain = join(folder, 'stamps.key');
  const sealedPath = join(folder, 'stamps.keyring.json');
  const older = () => readKeyFile(plain);
  const local = () => {
    if (passphraseFile !== undefined) {
      const ring = older();
      const sealed = openSealedKeyStore({ path: sealedPath, passphraseFile, ...(ring && { older: ring }) });
      return ring === undefined ? sealed : withoutClear(sealed, plain);
    }
    if (!existsSync(sealedPath)) return openFileKeyStore(plain);
    throw new StartProblem(
      `${sealedPath} is under a passphrase: name its file in NONGTIN_STAMP_KEY_PASSPHRASE_FILE.`,
    );
  };
  if (transit === undefined) return local();
  const service = transitKeyStore(transit);
  const hasFiles = existsSync(plain) || existsSync(sealedPath);
  return hasFiles ? withOlder(service, local()) : service;
}

/** Once the clear keys wrap nothing any more their file goes too: it would open every older copy of the database. */
function withoutClear(sealed: RotatingKeyStore, clearPath: string): RotatingKeyStore {
  return {
    ...sealed,
    retireOlder: async (prefix) => {
      await sealed.retireOlder(prefix);
      if ((await sealed.newestPrefix()) === prefix) rmSync(clearPath, { force: true });
    },
  };
}

/** Wraps by the newer one; what the older one has wrapped (forms `1.` and `2.`) it still unwraps. */
function withOlder(newer: RotatingKeyStore, older: RotatingKeyStore): RotatingKeyStore {
  return {
    ...newer,
    unwrap: (wrapped, context) => (/^[12]\./.test(wrapped) ? older : newer).unwrap(wrapped, context),
  };
}
