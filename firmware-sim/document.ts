import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { faults } from './faults/index.ts';
import { climates } from './field/climates.ts';
import { builtInScenario, scenarioNames } from './scenarios/library.ts';

/** The README with its tables of faults, scenarios and climates as the code has them. */
export function simulatorDocument(page: string): string {
  const tables: Record<string, string> = {
    faults: table(
      ['`fault`', '`target`', 'fields of its own', 'what happens'],
      Object.entries(faults).map(([name, { target, options, does }]) => [
        `\`${name}\``,
        target === 'farm' || target === 'gateway'
          ? '–'
          : target === 'devices'
            ? 'a device, or none: all'
            : target,
        fieldsOf(options) || '–',
        does,
      ]),
    ),
    scenarios: table(
      ['name', 'farm', 'length', 'what happens'],
      scenarioNames().map((name) => {
        const { farm, title, lengthSeconds } = builtInScenario(name);
        return [`\`${name}\``, farm.name, `${lengthSeconds / 86_400} d`, `${title.en}. *${title.vi}*`];
      }),
    ),
    climates: table(
      ['name', 'where', 'rain a year', 'coldest and warmest month, mean °C'],
      Object.entries(climates).map(([name, { title, months }]) => {
        const means = months.map((month) => (month.minimumCelsius + month.maximumCelsius) / 2);
        const rain = months.reduce((sum, { rainMm }) => sum + rainMm, 0);
        const coldest = Math.min(...means).toFixed(0);
        return [
          `\`${name}\``,
          `${title.en} (${title.vi})`,
          `${rain} mm`,
          `${coldest}, ${Math.max(...means).toFixed(0)}`,
        ];
      }),
    ),
  };
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const place = new RegExp(`(?<=<!-- ${name} -->\n)[^]*?(?=<!-- end -->)`);
    if (!place.test(text)) throw new Error(`firmware-sim/README.md has no place for the table '${name}'`);
    return text.replace(place, () => `${rows}\n`);
  }, page);
}

/** Names; what may be left out in brackets. */
function fieldsOf({ properties, required }: (typeof faults)[string]['options']): string {
  const needed: readonly string[] = required ?? [];
  return Object.keys(properties)
    .map((name) => (needed.includes(name) ? `\`${name}\`` : `[\`${name}\`]`))
    .join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (import.meta.main) {
  const path = join(import.meta.dirname, 'README.md');
  const page = readFileSync(path, 'utf8');
  const made = simulatorDocument(page);
  if (!process.argv.includes('--check')) writeFileSync(path, made);
  else if (page !== made) {
    process.stderr.write(
      'firmware-sim/README.md is not what the code has: run node firmware-sim/document.ts\n',
    );
    process.exitCode = 1;
  }
}
