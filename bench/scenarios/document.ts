// Writes the tables of docs/scenarios.md; the suites compare them with what they have played.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { groups } from './index.ts';
import { play } from './play.ts';
import { head, rowOf } from './table.ts';

const path = join(import.meta.dirname, '../../docs/scenarios.md');
const wanted = process.argv.slice(2);
let text = readFileSync(path, 'utf8');
for (const [group, scenarios] of Object.entries(groups)) {
  if (wanted.length > 0 && !wanted.includes(group)) continue;
  const rows: string[] = [];
  for (const scenario of scenarios) {
    rows.push(rowOf(scenario, await play(scenario)));
    console.error(`${group}: ${scenario.name}`);
  }
  const [begin, end] = [`<!-- ${group} -->`, '<!-- end -->'];
  const from = text.indexOf(begin);
  if (from < 0) throw new Error(`docs/scenarios.md has no ${begin}: add it and ${end}`);
  const until = text.indexOf(end, from);
  text = `${text.slice(0, from)}${begin}\n${head}\n${rows.join('\n')}\n${text.slice(until)}`;
}
writeFileSync(path, text);
process.exit(0);
