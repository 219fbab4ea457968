import { expect, it } from 'vitest';
import { wordsOf, writeOutcome } from './outcome.ts';
import { unreachable } from './url.ts';

it.each([
  [200, 'accepted'],
  [204, 'accepted'],
  [301, 'keep'],
  [307, 'keep'],
  [400, 'reject'],
  [401, 'keep'],
  [403, 'keep'],
  [404, 'reject'],
  [405, 'reject'],
  [408, 'wait'],
  [413, 'split'],
  [422, 'reject'],
  [429, 'wait'],
  [500, 'keep'],
  [501, 'keep'],
  [502, 'wait'],
  [503, 'wait'],
  [504, 'wait'],
  [507, 'keep'],
])('HTTP %i means %s', (status, outcome) => {
  expect(writeOutcome(status, 'words').outcome).toBe(outcome);
});

it.each([
  ['12', 12_000],
  ['0', 0],
  ['99999999', 300_000],
  ['Sun, 06 Nov 1994 08:49:47 GMT', 10_000],
  ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('Retry-After: %s is %s ms', (header, retryAfterMs) => {
  const nowMs = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT');
  const wait = { outcome: 'wait', reason: '429 slow down' };
  expect(writeOutcome(429, 'slow down', header, nowMs)).toEqual(
    retryAfterMs === undefined ? wait : { ...wait, retryAfterMs },
  );
});

it('says how many lines a partial write has dropped', () => {
  const words = 'partial write: points beyond retention policy dropped=17';
  expect(writeOutcome(400, words)).toEqual({ outcome: 'reject', reason: `400 ${words}`, dropped: 17 });
});

it.each([
  ['{"error":"1.x says this"}', '1.x says this'],
  ['{"code":"invalid","message":"2.x says this"}', '2.x says this'],
  ['{"error":"partial write","message":"3.x says this"}', '3.x says this'],
  ['{"code":7}', '{"code":7}'],
  ['<html>a proxy</html>', '<html>a proxy</html>'],
])('finds the words in %s', (body, words) => {
  expect(wordsOf(body)).toBe(words);
});

it.each([
  [new Error('socket hang up'), 'socket hang up'],
  [
    new Error('fetch failed', { cause: new Error('connect ECONNREFUSED') }),
    'fetch failed: connect ECONNREFUSED',
  ],
  [
    new AggregateError([new Error('connect ECONNREFUSED ::1:8086'), new Error('and another')]),
    'connect ECONNREFUSED ::1:8086',
  ],
])('says why nobody was reached: %s', (error, reason) => {
  expect(unreachable(error)).toEqual({ outcome: 'wait', reason });
});
