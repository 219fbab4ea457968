import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wireDocument } from './document.ts';
import { metrics, quality, topics } from './index.ts';

describe('docs/wire.md', () => {
  it('is what the tables say', () => {
    expect(readFileSync(join(import.meta.dirname, '../../docs/wire.md'), 'utf8')).toBe(wireDocument());
  });

  it('names every topic, metric and flag', () => {
    const page = wireDocument();
    const patterns = Object.values(topics).map(({ pattern }) => pattern);
    for (const name of [...patterns, ...Object.keys(metrics), ...Object.keys(quality)])
      expect(page).toContain(`\`${name}\``);
    expect(page).not.toContain('undefined');
  });
});
