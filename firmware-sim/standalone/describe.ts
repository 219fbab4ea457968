import { faults } from '../faults/index.ts';
import { builtInScenario, scenarioNames } from '../scenarios/library.ts';
import type { OrderedFault, Scenario } from '../scenarios/scenario.ts';

const LOCAL = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'UTC' });

/** Every scenario that comes with the simulator, a line each. */
export function listScenarios(): string {
  const scenarios = scenarioNames().map(builtInScenario);
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  return scenarios.map(({ name, title }) => `${name.padEnd(width)}  ${title.vi} / ${title.en}\n`).join('');
}

/** What is on a scenario's farm, and what goes wrong on it when. */
export function describeScenario(scenario: Scenario): string {
  const { name, title, farm, lengthSeconds, weather, seed } = scenario;
  const devices = farm.devices.map((device) => `  ${device.id} (${kindOf(device)})\n`).join('');
  const events = scenario.faults.map((order) => `  ${describeFault(order)}\n`).join('');
  return `${name}: ${title.vi} / ${title.en}
farm:    ${farm.name}, ${farm.title.vi} / ${farm.title.en}
weather: ${'file' in weather ? weather.file : weather.climate}
from:    ${LOCAL.format(scenario.startMs)} UTC, for ${spanOf(lengthSeconds)}; seed ${seed}
devices:
${devices}faults:
${events === '' ? '  none\n' : events}`;
}

/** One line: when, what, to whom, for how long. */
export function describeFault({ fault, atSeconds, forSeconds, target, options }: OrderedFault): string {
  const more = Object.entries(options).map(([field, value]) => ` ${field}=${String(value)}`);
  const until = forSeconds === null ? 'to the end' : `for ${spanOf(forSeconds)}`;
  const at = target === '' ? '' : ` at ${target}`;
  return `+${spanOf(atSeconds)} ${until}: ${fault}${at}${more.join('')} – ${faults[fault]?.does ?? ''}`;
}

function kindOf(device: Scenario['farm']['devices'][number]): string {
  const family = 'family' in device && device.family !== undefined ? `, ${device.family}` : '';
  return device.kind.replaceAll('_', ' ') + family;
}

function spanOf(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  let left = seconds;
  const parts = units.flatMap(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.length === 0 ? '0 s' : parts.join(' ');
}
