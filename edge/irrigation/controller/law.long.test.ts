import fc from 'fast-check';
import { it } from 'vitest';
import { tale, tell } from './law.suite.ts';

const seconds = Number(process.env.NONGTIN_LONG_SECONDS ?? 600);

it(`no story of crashes, lost words and clocks breaks the law in ${seconds} s`, () => {
  const story = fc.property(tale(100), (one) => void tell(one));
  fc.assert(story, { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000 });
});
