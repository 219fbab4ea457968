import { playAsExpected } from './expected.suite.ts';

playAsExpected(['wishes', 'sensors']);
