import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuthority } from '@nongtin/broker';

/** An authority that is nobody's. */
export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nongtin-foreign-'));

  async certify(request: string, identity: string): Promise<string> {
    const authority = openAuthority({ folder: this.#folder, clock: { nowMs: Date.now } });
    return (await authority.issueClient(request, identity)).cert;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
