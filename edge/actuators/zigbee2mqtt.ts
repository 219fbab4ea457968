import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type Command, checkedSeconds, speakerOf } from './actuator.ts';

export const Zigbee2mqttAddress = addressOf('zigbee2mqtt', {
  /** Friendly name in Zigbee2MQTT, when it is not what follows the dot in `device`. */
  name: Type.Optional(Type.String({ pattern: '^[^+#]{1,128}$' })),
  baseTopic: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
  /** Endpoint of a valve with several outputs: `state_<endpoint>`. */
  output: Type.Optional(Type.String({ pattern: '^[a-z0-9_]{1,16}$' })),
  /** Seconds that one unit of `on_time` really lasts on this device, as measured with water; 1 unless it is stated. */
  onTimeUnitSeconds: Type.Optional(Type.Enum([0.1, 1, 10, 60])),
  /** Somebody has seen that another opening of the open valve begins its time anew; unless so stated, it gets the whole run at once. */
  renews: Type.Optional(Type.Boolean()),
});
type Address = Static<typeof Zigbee2mqttAddress>;

/** Zigbee's OnTime is 16 bits of tenths of a second (ZCL 3.8.2.3.4), so no converter can promise more. */
const LONGEST_SECONDS = 6_553;

/**
 * Zigbee2MQTT: `on_time` makes the device close by itself (On With Timed Off, ZCL 3.8.2.3.6), off_wait_time 0 lets it be
 * opened again at once. Units are wrong in the wild (Koenkk/zigbee2mqtt#27465: 11 opened for 110 s): the wet test
 * measures the valve's own cut-off, and the flow meter ends a run that goes on.
 */
export function zigbee2mqttActuator(address: Address): Actuator {
  const { device, baseTopic = 'zigbee2mqtt', output, onTimeUnitSeconds = 1, renews = false } = address;
  const topic = `${baseTopic}/${address.name ?? speakerOf(device).name}/set`;
  const state = output === undefined ? 'state' : `state_${output}`;
  const stepSeconds = Math.max(1, onTimeUnitSeconds);
  // A tenth of a second has no exact number: multiplied by ten instead of divided.
  const perStep = onTimeUnitSeconds < 1 ? 10 : 1;
  const send = (payload: object): Command[] => [{ topic, payload: JSON.stringify(payload), qos: 1 }];
  return {
    longestSeconds: LONGEST_SECONDS,
    // ZCL 3.8.2.3.6 makes OnTime the longer of what is left and what is asked for. But there is firmware that counts down to a
    // toggle instead (Koenkk/zigbee-herdsman-converters#7475): two of those would close the valve, and open it again.
    isRearmed: renews,
    outlet: `${topic}/${state}`,
    stateChannel: output ?? '',
    cutOffSeconds: (durationSeconds) => Math.ceil(durationSeconds / stepSeconds) * stepSeconds,
    open: ({ durationSeconds }) => {
      const seconds = checkedSeconds(durationSeconds, LONGEST_SECONDS);
      const on_time = Math.ceil(seconds / stepSeconds) * perStep;
      return send({ [state]: 'ON', on_time, off_wait_time: 0 });
    },
    close: () => send({ [state]: 'OFF' }),
    provision: () => [],
  };
}
