import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CertificateAuthority, openAuthority } from './authority.ts';

export const NAMES = ['pi.local', 'localhost', '127.0.0.1'];
export const NOW = Date.UTC(2026, 10, 22);
export const DAY = 86_400_000;

/** An authority in a folder of its own, by a clock that the test sets. */
export class TestAuthority {
  readonly folder = join(mkdtempSync(join(tmpdir(), 'nongtin-tls-')), 'tls');
  nowMs = NOW;

  /** As a process does that starts. */
  open(): CertificateAuthority {
    return openAuthority({ folder: this.folder, clock: { nowMs: () => this.nowMs } });
  }

  path(file: 'authority.json' | 'server.json'): string {
    return join(this.folder, file);
  }

  /** Another with the same keys and certificates, since RSA keys take a while to be made. */
  copy(): TestAuthority {
    const other = new TestAuthority();
    cpSync(this.folder, other.folder, { recursive: true });
    return other;
  }

  remove(): void {
    rmSync(join(this.folder, '..'), { recursive: true, force: true });
  }
}

/** With its server's certificate for NAMES. */
export async function makeAuthority(): Promise<TestAuthority> {
  const authority = new TestAuthority();
  await authority.open().serverCredentials(NAMES);
  return authority;
}

export function newClientKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}
