/** What a Milesight UC511 is told with `ff 1d` (UC51x communication protocol; Milesight-IoT/SensorDecoders: UC51x_Encoder.js). */
export interface ValveTask {
  /** Its connector, 1 or 2. */
  readonly valve: number;
  readonly isOpen: boolean;
  /** How long it stays open; undefined: there is no time rule. */
  readonly seconds: number | undefined;
  /** How many pulses of its meter it stays open for; undefined: there is no pulse rule. */
  readonly pulses: number | undefined;
}

/** Of a downlink; what is truncated, or not known here, ends the reading: nothing is opened by half of a task. */
export function tasksIn(data: Buffer): ValveTask[] {
  const tasks: ValveTask[] = [];
  let at = 0;
  while (data[at] === 0xff && data[at + 1] === 0x1d && at + HEAD_BYTES <= data.length) {
    const control = data.readUInt8(at + 2);
    at += HEAD_BYTES;
    const [hasTime, hasPulses] = [(control & TIME_RULE) !== 0, (control & PULSE_RULE) !== 0];
    const end = at + (hasTime ? TIME_BYTES : 0) + (hasPulses ? PULSE_BYTES : 0);
    if (end > data.length || (control & NEWER_RULES) !== 0) break;
    tasks.push({
      ...{ valve: (control & SECOND_VALVE) + 1, isOpen: (control & OPEN) !== 0 },
      seconds: hasTime ? data.readUIntLE(at, TIME_BYTES) : undefined,
      pulses: hasPulses ? data.readUInt32LE(end - PULSE_BYTES) : undefined,
    });
    at = end;
  }
  return tasks;
}

/** ff 1d, the control byte, the number in a sequence. */
const HEAD_BYTES = 4;
const TIME_BYTES = 3;
const PULSE_BYTES = 4;
const TIME_RULE = 0x80;
const PULSE_RULE = 0x40;
const OPEN = 0x20;
/** Of firmware that came later: a start time, a stop by rain. */
const NEWER_RULES = 0x1e;
const SECOND_VALVE = 0x01;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What the maker's codec makes of `valve_1_task` and `valve_2_task`; of other fields it makes nothing here. Throws a RangeError
 * that names the field when a value is none of those that it takes.
 */
export function encodeTasks(object: Fields): Buffer {
  const tasks = [1, 2].flatMap((valve) => {
    const task = object[`valve_${valve}_task`];
    return task === undefined ? [] : [encodeTask(valve, task)];
  });
  return Buffer.concat(tasks);
}

function encodeTask(valve: number, value: unknown): Buffer {
  const name = `valve_${valve}_task`;
  if (typeof value !== 'object' || value === null) throw new RangeError(`${name} must be an object`);
  const task = value as Fields;
  const flag = (field: string, words: readonly [string, string]): boolean => {
    const at = [0, 1].findIndex((bit) => task[field] === bit || task[field] === words[bit]);
    if (at < 0) throw new RangeError(`${name}.${field} must be one of ${words.join(', ')}`);
    return at === 1;
  };
  const number = (field: string, bytes: number): Buffer => {
    const given = task[field] ?? 0;
    if (!Number.isInteger(given) || Number(given) < 0 || Number(given) >= 2 ** (8 * bytes))
      throw new RangeError(`${name}.${field} must be a whole number of ${bytes} bytes`);
    const data = Buffer.alloc(bytes);
    data.writeUIntLE(Number(given), 0, bytes);
    return data;
  };
  const hasTime = flag('time_rule_enable', ['disable', 'enable']);
  const hasPulses = flag('pulse_rule_enable', ['disable', 'enable']);
  const isOpen = flag('valve_status', ['close', 'open']);
  const control =
    (hasTime ? TIME_RULE : 0) | (hasPulses ? PULSE_RULE : 0) | (isOpen ? OPEN : 0) | (valve - 1);
  return Buffer.concat([
    Buffer.from([0xff, 0x1d, control]),
    number('sequence_id', 1),
    ...(hasTime ? [number('duration', TIME_BYTES)] : []),
    ...(hasPulses ? [number('valve_pulse', PULSE_BYTES)] : []),
  ]);
}
