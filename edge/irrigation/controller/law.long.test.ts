import fc from 'fast-check';
import { it } from 'vitest';
import { tale, tell } from './law.suite.ts';

it('no story of crashes, lost words and clocks breaks the law, however long one looks', () => {
  fc.assert(
    fc.property(tale(100), (story) => void tell(story)),
    { numRuns: 600 },
  );
}, 1_800_000);
