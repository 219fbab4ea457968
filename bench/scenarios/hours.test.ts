import { playAsExpected } from './expected.suite.ts';

playAsExpected(['pipes', 'sources', 'meters', 'network', 'power', 'families', 'dosing']);
