import { playAsExpected, playSome } from './expected.suite.ts';

playSome(['wishes', 'sensors']);
/** Takes longer than any slice: played when the long suites are played whole. */
if (process.env.NONGTIN_LONG_SECONDS === undefined) playAsExpected(['seasons']);
