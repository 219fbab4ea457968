import { join } from 'node:path';
import type { Logger } from '@nongtin/service';
import { CodecFolder, type Script } from './folder.ts';
import { Patience, type Pause } from './patience.ts';
import type { CodecCall, Failure, Outcome } from './protocol.ts';
import { CodecThread } from './thread.ts';

interface CodecsOptions {
  /** Scripts are the files `*.js` in it. */
  readonly folder: string;
  readonly logger: Logger;
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

/** A device that speaks bytes, and every name under which it may have a codec, the most telling first. */
interface CodecDevice {
  readonly name: string;
  readonly names: readonly string[];
}

interface UplinkBytes {
  readonly bytes: Uint8Array;
  readonly fPort: number;
  readonly receivedAtMs: number;
}

/** What a script made of the bytes; plain JSON values, at most 64 Ki characters. */
interface Decoded {
  /** File name of the script. */
  readonly codec: string;
  readonly data: unknown;
  /** What the script's normalizeUplink made of it: fields with fixed units. */
  readonly normalized?: unknown;
  readonly warnings: readonly string[];
}

interface Encoded {
  /** At most 242 bytes, LoRaWAN's largest payload. */
  readonly bytes: Uint8Array;
  readonly fPort: number;
}

/** Which codec, which device, what is wrong, and what to do. */
interface CodecProblem {
  readonly problem: string;
}

/**
 * Foreign payload codecs (LoRa Alliance TS013) in a sandbox: no I/O, 100 ms and 8 MiB a call, in a thread of their own.
 * Nothing here throws or rejects once started.
 */
export interface Codecs {
  start(): void;
  decode(device: CodecDevice, uplink: UplinkBytes): Promise<Decoded | CodecProblem>;
  /** `fPort` is the default when the script names none. */
  encode(device: CodecDevice, data: unknown, fPort: number): Promise<Encoded | CodecProblem>;
  stop(): Promise<void>;
}

export function createCodecs(options: CodecsOptions): Codecs {
  return new SandboxedCodecs(options);
}

const MOST_WAITING = 5_000;
/** One script's messages may take half of the room. */
const MOST_WAITING_OF_SCRIPT = 2_500;
const MOST_BYTES = 1_024;
const MOST_DOWNLINK_BYTES = 242;
const MOST_DOWNLINK_CHARACTERS = 64 * 1024;
/** So many costly calls are borne of a device, and of a script for all devices; of one that took the thread with it, one. */
const DEVICE_FAILURES = 3;
const SCRIPT_FAILURES = 4;
const COSTLY: readonly Failure[] = ['timeout', 'memory', 'crashed'];

class SandboxedCodecs implements Codecs {
  readonly #folder: CodecFolder;
  readonly #thread: CodecThread;
  readonly #patience: Patience;
  readonly #logger: Logger;

  constructor({ folder, logger, clock }: CodecsOptions) {
    this.#folder = new CodecFolder({ folder, logger, clock });
    this.#patience = new Patience(clock);
    this.#logger = logger;
    this.#thread = new CodecThread((detail) =>
      logger.warn({ detail }, 'the thread of the codecs was started anew'),
    );
  }

  start(): void {
    this.#folder.create();
  }

  async decode(
    device: CodecDevice,
    { bytes, fPort, receivedAtMs }: UplinkBytes,
  ): Promise<Decoded | CodecProblem> {
    if (bytes.length > MOST_BYTES) {
      return { problem: `device '${device.name}': ${bytes.length} bytes are more than LoRaWAN can carry` };
    }
    const recvTime = new Date(receivedAtMs).toISOString();
    const answer = await this.#ask(device, 'decode', JSON.stringify({ bytes: [...bytes], fPort, recvTime }));
    if ('problem' in answer) return answer;
    const { codec, value } = answer;
    if (!('data' in value)) return problem(codec, device, 'the answer holds no data');
    const { data, normalized, normalizeProblem } = value;
    const warnings = Array.isArray(value.warnings) ? value.warnings.map(String) : [];
    if (typeof normalizeProblem === 'string') warnings.push(`normalizeUplink: ${normalizeProblem}`);
    return { codec, data, ...(normalized === undefined ? {} : { normalized }), warnings };
  }

  async encode(device: CodecDevice, data: unknown, fPort: number): Promise<Encoded | CodecProblem> {
    const input = JSON.stringify({ data, fPort }) ?? '';
    if (input.length > MOST_DOWNLINK_CHARACTERS)
      return { problem: `device '${device.name}': the command is too long` };
    const answer = await this.#ask(device, 'encode', input);
    if ('problem' in answer) return answer;
    const { codec, value } = answer;
    if (!isBytes(value.bytes)) {
      const what = `encodeDownlink must return 'bytes', a list of 1 to ${MOST_DOWNLINK_BYTES} whole numbers from 0 to 255`;
      return problem(codec, device, what);
    }
    const port = value.fPort;
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 223) {
      return problem(codec, device, "encodeDownlink must return 'fPort', a whole number from 1 to 223");
    }
    return { bytes: Uint8Array.from(value.bytes), fPort: port };
  }

  stop(): Promise<void> {
    return this.#thread.stop();
  }

  async #ask(device: CodecDevice, call: CodecCall, input: string): Promise<Asked | CodecProblem> {
    const script = this.#scriptOf(device);
    if ('problem' in script) return script;
    const { file, version, source } = script;
    const waiting = this.#thread.waitingFor(file);
    if (this.#thread.waiting >= MOST_WAITING || waiting >= MOST_WAITING_OF_SCRIPT) {
      return problem(file, device, `${waiting} messages wait for this codec already; send less often`);
    }
    const ofScript = `${file} ${version}`;
    const ofDevice = `${ofScript} ${device.name}`;
    const refusal = () => {
      const pause = this.#patience.pauseOf(ofScript) ?? this.#patience.pauseOf(ofDevice);
      return pause && setAside(pause);
    };
    const ended = (outcome: Outcome) => this.#judge(outcome, file, device, ofScript, ofDevice);
    const ask = { script: file, version, source, call, input, refusal, ended };
    return this.#read(file, device, refusal() ?? (await this.#thread.run(ask)));
  }

  #judge(outcome: Outcome, file: string, device: CodecDevice, ofScript: string, ofDevice: string): void {
    const failure = 'failure' in outcome ? outcome.failure : undefined;
    if (failure === undefined || !COSTLY.includes(failure)) {
      this.#patience.succeeded(ofScript);
      this.#patience.succeeded(ofDevice);
      return;
    }
    const detail = 'detail' in outcome ? outcome.detail : '';
    const allowed = (usual: number) => (failure === 'crashed' ? 1 : usual);
    this.#patience.failed(ofDevice, allowed(DEVICE_FAILURES), detail);
    if (this.#patience.failed(ofScript, allowed(SCRIPT_FAILURES), detail))
      this.#logger.warn({ codec: file, device: device.name, detail }, 'a codec was set aside for a while');
  }

  #scriptOf(device: CodecDevice): Script | CodecProblem {
    try {
      const file = this.#folder.find(device.names);
      if (file !== undefined) return this.#folder.read(file);
      const [first] = device.names;
      return {
        problem:
          `device '${device.name}' sends bytes and has no codec: put its script into ${this.#folder.path}, ` +
          `named after the device profile or the device (${first ?? device.name}.js)`,
      };
    } catch (error) {
      return { problem: `the codec of device '${device.name}' cannot be read: ${(error as Error).message}` };
    }
  }

  #read(file: string, device: CodecDevice, outcome: Outcome): Asked | CodecProblem {
    if ('failure' in outcome) {
      const { failure, detail } = outcome;
      return problem(file, device, `${WORDS[failure]}${detail}`, join(this.#folder.path, file));
    }
    const value = readJson(outcome.json);
    return isRecord(value) ? { codec: file, value } : problem(file, device, 'the answer is no object');
  }
}

interface Asked {
  readonly codec: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const WORDS: Readonly<Record<Failure, string>> = {
  script: 'the script does not run: ',
  missing: '',
  threw: 'it failed: ',
  refused: 'it says: ',
  result: '',
  too_large: '',
  timeout: 'it was stopped: ',
  memory: 'it was stopped: ',
  crashed: 'it was ended: ',
  set_aside: '',
};

function setAside({ seconds, detail }: Pause): Outcome {
  const when = `it is tried again in ${seconds} s, or at once when its file changes`;
  return { failure: 'set_aside', detail: `set aside after calls that cost too much (${detail}); ${when}` };
}

function problem(codec: string, device: CodecDevice, what: string, path?: string): CodecProblem {
  const advice = path === undefined ? '' : `. Correct or replace ${path}`;
  return { problem: `codec ${codec}, device '${device.name}': ${what.slice(0, 300)}${advice}` };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBytes(value: unknown): value is number[] {
  const isByte = (byte: unknown) =>
    typeof byte === 'number' && Number.isInteger(byte) && byte >= 0 && byte <= 255;
  return (
    Array.isArray(value) && value.length > 0 && value.length <= MOST_DOWNLINK_BYTES && value.every(isByte)
  );
}
