import { alarmsOf, runsOf } from './judge.ts';
import type { Played } from './play.ts';
import type { FarmScenario } from './scenario.ts';

/** Head of the table of results. */
export const head = [
  '| scenario | what happens | litres | openings | stress days | longest opening | alarms | what falls short |',
  '|---|---|---|---|---|---|---|---|',
].join('\n');

/** One line of it: what really happened in the field, and what people were told. */
export function rowOf({ name, title, fallsShort }: FarmScenario, played: Played): string {
  const zones = Object.entries(played.truth.zones);
  const each = (value: (zone: (typeof zones)[number][1]) => string) =>
    zones.map(([, zone]) => value(zone)).join(', ');
  const stress = Math.max(...zones.map(([, zone]) => zone.stressDays));
  const longest = Math.max(...zones.map(([, zone]) => zone.longestOpenSeconds));
  const alarms = alarmsOf(played).map((alarm) => `\`${alarm}\``);
  const litres = `${each(({ passedLitres }) => rounded(passedLitres))}${unmeasured(played)}`;
  const cells = [
    ...[`\`${name}\``, title, litres, each(({ openings }) => String(openings)), String(stress)],
    ...[`${Math.round(longest / 60)} min`, alarms.join('<br>') || '–', fallsShort ?? '–'],
  ];
  return `| ${cells.join(' | ')} |`;
}

const rounded = (litres: number) => (Math.round(litres / 10) * 10).toLocaleString('en-US');

/** Runs without measured litres are said to be, and never filled up with planned ones. */
function unmeasured(played: Played): string {
  const count = runsOf(played).filter(({ measuredLitres }) => measuredLitres === null).length;
  return count === 0 ? '' : ` (${count} unmeasured)`;
}
