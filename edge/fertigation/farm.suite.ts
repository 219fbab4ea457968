import { readFileSync } from 'node:fs';
import type { Farm } from '../farm/layout.ts';

const docs = readFileSync(new URL('../../docs/fertigation.md', import.meta.url), 'utf8');
const [, example = ''] = /```json\n(.*?)```/s.exec(docs) ?? [];

/** The farm of docs/fertigation.md, a fresh one each time. */
export function documentedFarm(): Farm {
  return JSON.parse(example) as Farm;
}
