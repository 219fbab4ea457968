import { runReader } from '../../../tool.ts';
import { answer, readArguments, USAGE } from './answer.ts';

await runReader({ USAGE, readArguments, answer });
