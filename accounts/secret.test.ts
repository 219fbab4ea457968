import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as service from '@nongtin/service';
import { expect, test, vi } from 'vitest';
import { sessionSecret } from './secret.ts';

vi.mock('@nongtin/service', { spy: true });

test('a secret that was made once survives a power cut: its folder is on the disk as well', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-secret-'));
  try {
    const secret = sessionSecret(join(folder, 'data', 'session.json'));
    expect(vi.mocked(service.syncFolder).mock.calls).toEqual([[join(folder, 'data')]]);
    expect(sessionSecret(join(folder, 'data', 'session.json'))).toBe(secret);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
