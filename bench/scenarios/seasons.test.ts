import { playAsExpected } from './expected.suite.ts';

playAsExpected(['seasons']);
