import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trial } from './trial.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-trial-'));
  // Written for this test, in the manner of a valve: the seconds stand in the last three bytes, little-endian.
  writeFileSync(
    join(folder, 'valve.js'),
    `function decodeUplink({ bytes }) { return { data: { open: bytes[0] === 1 } }; }
     function encodeDownlink({ data }) {
       var s = data.seconds;
       return { bytes: [0xff, 0x1d, 0xa0, s & 255, (s >> 8) & 255, s >> 16], fPort: 85 };
     }`,
  );
  writeFileSync(join(folder, 'endless.js'), 'function encodeDownlink() { for (;;) {} }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (script: string, call: 'decode' | 'encode', input: string) =>
  trial({
    ...{ file: join(folder, script), call, input, fPort: 1, logger: pino({ enabled: false }) },
    clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
  });

describe('a trial of a codec', () => {
  it('shows which bytes a command becomes', async () => {
    expect(await run('valve.js', 'encode', '{"seconds":600}')).toBe('fPort 85, bytes ff1da0580200');
  });

  it('shows what an uplink becomes', async () => {
    expect(JSON.parse(await run('valve.js', 'decode', '01 02'))).toMatchObject({ data: { open: true } });
  });

  it.each([
    ['nothing.js', 'encode', '{}', /There is no file .*nothing\.js: name a payload codec/],
    ['.', 'decode', '00', /is a folder: name a payload codec/],
    ['valve.js', 'encode', '{', /no JSON/],
    ['valve.js', 'decode', 'xyz', /no hex/],
    ['endless.js', 'encode', '{}', /100 ms/],
    ['endless.js', 'decode', '00', /no function decodeUplink/],
  ] as const)('of %s says what is wrong with %s %s', async (script, call, input, expected) => {
    await expect(run(script, call, input)).rejects.toThrow(expected);
  });
});
