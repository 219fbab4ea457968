import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Boots } from './boots.ts';
import { GatewayClock } from './gateway-clock.ts';
import { TestMachine } from './testing/boot.ts';
import { Words } from './words.ts';

const TRUE = Date.UTC(2026, 10, 21, 10);
const [EARLIER, NOW] = ['a'.repeat(32), 'b'.repeat(32)];

it.each(['person', 'system'] as const)(
  'keeps a word that comes while others are reviewed by a %s',
  async (source) => {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-words-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const boots = new Boots(join(folder, 'clock.json'));
    const machine = new TestMachine(TRUE);
    const clock = new GatewayClock(machine.clock);
    const words = new Words({ boots, clock, machine, logger: pino({ enabled: false }) });
    // A day ahead of the true time.
    words.noteCurrent(EARLIER, 1, TRUE, TRUE + 86_400_000);
    const appendRecord = async () => {
      words.noteCurrent(NOW, 5, TRUE, TRUE);
      return 9;
    };
    expect(await words.review({ bootId: NOW, appendRecord }, source)).toHaveLength(1);
    expect(boots.words().map(({ bootId }) => bootId)).toEqual(source === 'system' ? [NOW] : [EARLIER, NOW]);
  },
);
