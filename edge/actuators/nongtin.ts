import { topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { type Actuator, checkedSeconds } from './actuator.ts';

const LONGEST_SECONDS = 86_400;

/** Our own valves (broker/wire: ValveCommand): the lease stands in the command, and a command is taken once. */
export function nongtinActuator(device: string): Actuator {
  const topic = topicOf('valveCommand', device);
  const send = (command: ValveCommand) => [{ topic, payload: JSON.stringify(command), qos: 1 } as const];
  return {
    longestSeconds: LONGEST_SECONDS,
    outlet: device,
    stateChannel: '',
    // A new opening takes the place of the old one (docs/wire.md, valveCommand).
    isRearmed: true,
    cutOffSeconds: (durationSeconds) => durationSeconds,
    open: ({ durationSeconds, commandId }) =>
      send({
        id: commandId,
        action: 'open',
        durationSeconds: checkedSeconds(durationSeconds, LONGEST_SECONDS),
      }),
    close: ({ commandId }) => send({ id: commandId, action: 'close' }),
    provision: () => [],
  };
}
