import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { createCodecs } from './index.ts';

/** Codecs over a folder of their own. The monotonic clock stands still unless a test moves it. */
export function testCodecs(scripts: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-codecs-'));
  let aheadMs = 0;
  const codecs = createCodecs({
    folder,
    logger: pino({ enabled: false }),
    clock: { nowMs: Date.now, monotonicMs: () => performance.now() + aheadMs },
  });
  codecs.start();
  const drop = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(scripts)) drop(`${name}.js`, text);
  return {
    codecs,
    folder,
    drop,
    pass: (ms: number) => {
      aheadMs += ms;
    },
    decode: (codec: string, bytes: readonly number[] = [1, 2, 3], device = 'probe') =>
      codecs.decode(
        { name: device, names: [codec] },
        { bytes: Uint8Array.from(bytes), fPort: 2, receivedAtMs: Date.parse('2026-11-21T10:00:00Z') },
      ),
    encode: (codec: string, data: unknown) => codecs.encode({ name: 'valve', names: [codec] }, data, 1),
    async close() {
      await codecs.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
