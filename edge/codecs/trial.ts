import { basename, dirname } from 'node:path';
import { type Logger, StartProblem } from '@nongtin/service';
import { checkReadable } from '../tool.ts';
import { createCodecs } from './codecs.ts';

interface TrialOptions {
  /** Path of the script, `….js`. */
  readonly file: string;
  /** Bytes of an uplink as hex ('decode'), or a command as JSON ('encode'). */
  readonly call: 'decode' | 'encode';
  readonly input: string;
  readonly fPort: number;
  readonly logger: Logger;
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

/**
 * What a script makes of an uplink, or which bytes it makes of a command, in the sandbox in which the gateway runs it. Of a
 * valve's script these bytes show where in the payload the time stands: for the template in farm.json. Text for a
 * person; throws a StartProblem when the file, the input or the script is at fault.
 */
export async function trial({ file, call, input, fPort, logger, clock }: TrialOptions): Promise<string> {
  checkReadable(file, 'a payload codec');
  const codecs = createCodecs({ folder: dirname(file), logger, clock });
  const device = { name: 'trial', names: [basename(file, '.js')] };
  try {
    if (call === 'decode') {
      const uplink = { bytes: bytesOf(input), fPort, receivedAtMs: clock.nowMs() };
      const answer = await codecs.decode(device, uplink);
      if ('problem' in answer) throw new StartProblem(answer.problem);
      return JSON.stringify(answer, null, 2);
    }
    const answer = await codecs.encode(device, jsonOf(input), fPort);
    if ('problem' in answer) throw new StartProblem(answer.problem);
    return `fPort ${answer.fPort}, bytes ${Buffer.from(answer.bytes).toString('hex')}`;
  } finally {
    await codecs.stop();
  }
}

function bytesOf(hex: string): Uint8Array {
  const plain = hex.replaceAll(/[\s:]/g, '');
  if (/^(?:[0-9a-f]{2})*$/i.test(plain)) return Buffer.from(plain, 'hex');
  throw new StartProblem(`'${hex.slice(0, 60)}' is no hex: two digits a byte, such as 01755c030100`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StartProblem(`The command is no JSON: ${(error as Error).message}`);
  }
}
