import { ValveState } from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';
import { counterOf } from './counter.ts';
import { readObject } from './json.ts';
import { type Parsed, type Profile, problem } from './profile.ts';
import { timeWithOffset } from './time.ts';

const validator = Compile(ValveState);

/** What our own valves say: whether they are open, and what their meter measures. */
export const valveState: Profile = {
  name: 'valve-state',
  claims: ({ name }) => name === 'valveState',
  parse({ payload }): Parsed {
    const read = readObject(payload);
    if (!('object' in read)) return read;
    const state: unknown = read.object;
    if (!validator.Check(state)) {
      const [first] = validator.Errors(state);
      return problem(
        'wrong_shape',
        `${first?.instancePath ?? ''} ${first?.message ?? 'not a valve state'}`.trim(),
      );
    }
    return {
      kind: 'readings',
      readings: [
        { metric: 'flow', channel: '', value: state.flowLitresPerMinute },
        { metric: 'volume', channel: '', value: state.totalLitres },
        { metric: 'valve_open', channel: '', value: state.state === 'open' ? 1 : 0 },
      ],
      timeGiven: state.time !== undefined,
      observedAtMs: timeWithOffset(state.time),
      counter: counterOf(read.object),
      missing: 0,
    };
  },
};
