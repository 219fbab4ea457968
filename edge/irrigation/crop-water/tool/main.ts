import { readFileSync } from 'node:fs';
import { checkReadable, runTool, withUsage } from '../../../tool.ts';
import { answer, readArguments, USAGE } from './answer.ts';

await runTool(async ({ pathOf }) => {
  const given = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const read = (name: string, what: string) => {
    if (name === '-') return readFileSync(0, 'utf8');
    const path = pathOf(name);
    checkReadable(path, what);
    return readFileSync(path, 'utf8');
  };
  return `${answer(given, read)}\n`;
});
