import { expect, it } from 'vitest';
import { isBusy } from './busy.ts';

it.each([
  [{ errcode: 5 }, true],
  // SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT
  [{ errcode: 261 }, true],
  [{ errcode: 517 }, true],
  [{ errcode: 14 }, false],
  [{ errcode: 6 }, false],
  [new Error('no code'), false],
  [undefined, false],
])('tells from %o whether somebody else holds the file: %s', (error, busy) => {
  expect(isBusy(error)).toBe(busy);
});
