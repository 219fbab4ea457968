import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type Command, checkedSeconds } from './actuator.ts';

export const ShellyAddress = addressOf('shelly', {
  /** Number of the switch, as in switch:0. */
  output: Type.Optional(Type.Integer({ minimum: 0, maximum: 15 })),
});
type Address = Static<typeof ShellyAddress>;

const LONGEST_SECONDS = 86_400;

/**
 * Shelly Gen2 and later (shelly-api-docs.shelly.cloud, Switch and Mqtt): `toggle_after` switches back by itself after so
 * many seconds. `auto_off` does so too when somebody presses the button, and `initial_state` keeps it off after a power
 * cut. Answers come on `<device>/answer/rpc`, where the device may speak.
 */
export function shellyActuator({ device, output = 0 }: Address): Actuator {
  const call = (id: string, method: string, params: object): Command => ({
    topic: `${device}/rpc`,
    payload: JSON.stringify({ id, src: `${device}/answer`, method, params }),
    qos: 1,
  });
  return {
    longestSeconds: LONGEST_SECONDS,
    // Another ON begins the time anew (swingerman/ha-dual-smart-thermostat#91, where heaters are kept on by that); the documents
    // do not say so. A box that kept its first timer would close too early, never too late.
    isRearmed: true,
    outlet: `${device}/${output}`,
    stateChannel: `switch:${output}`,
    cutOffSeconds: (durationSeconds) => durationSeconds,
    open: ({ durationSeconds, commandId }) => [
      call(commandId, 'Switch.Set', {
        id: output,
        on: true,
        toggle_after: checkedSeconds(durationSeconds, LONGEST_SECONDS),
      }),
    ],
    close: ({ commandId }) => [call(commandId, 'Switch.Set', { id: output, on: false })],
    provision: ({ limitSeconds, commandId }) => [
      call(commandId, 'Switch.SetConfig', {
        id: output,
        config: {
          initial_state: 'off',
          auto_off: true,
          auto_off_delay: checkedSeconds(limitSeconds, LONGEST_SECONDS),
        },
      }),
    ],
  };
}
