import type { Migration } from 'kysely';
import { up as foundation } from './0001-foundation.ts';
import { up as stampsAndAnchors } from './0002-stamps-and-anchors.ts';
import { up as undatedReadings } from './0003-undated-readings.ts';
import { up as entries } from './0005-entries.ts';

/** In the order of their names. A migration that was released is never edited: add another one. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-foundation': { up: foundation },
  '0002-stamps-and-anchors': { up: stampsAndAnchors },
  '0003-undated-readings': { up: undatedReadings },
  '0005-entries': { up: entries },
};
