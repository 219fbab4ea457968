import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as service from '@nongtin/service';
import { expect, test, vi } from 'vitest';
import { saveState } from './chain-state.ts';

vi.mock('@nongtin/service', { spy: true });

test('a saved state survives a power cut: its new name is on the disk before it counts as saved', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'nongtin-state-')), 'chain');
  const json = '{"block":{},"accounts":{}}';
  const inPlace: boolean[] = [];
  vi.mocked(service.syncFolder).mockImplementation((path) => {
    inPlace.push(path === folder && existsSync(join(folder, 'state.json')));
  });
  try {
    await saveState(async () => `0x${gzipSync(json).toString('hex')}`, folder);
    expect(inPlace).toEqual([true]);
    expect(readFileSync(join(folder, 'state.json'), 'utf8')).toBe(json);
  } finally {
    rmSync(join(folder, '..'), { recursive: true });
  }
});
