import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type CloseWish, type Command } from './actuator.ts';
import { downlinkActuator, downlinkFields, uuidOf } from './downlink.ts';

export const ChirpstackAddress = addressOf('chirpstack', {
  application: Type.String({ pattern: '^[0-9a-fA-F-]{1,36}$' }),
  devEui: Type.String({ pattern: '^[0-9a-fA-F]{16}$' }),
  ...downlinkFields,
});
type Address = Static<typeof ChirpstackAddress>;

/**
 * ChirpStack v4, `…/command/down` (chirpstack-docs: integrations/mqtt). Its queue cannot be emptied over MQTT, so every
 * command carries `expiresAt`: an opening that the valve has not fetched in time never happens. The item's id is made from the
 * command's, so that ChirpStack refuses a repetition of one that still waits instead of opening twice.
 */
export function chirpstackActuator(address: Address): Actuator {
  const { application, fPort } = address;
  const devEui = address.devEui.toLowerCase();
  const topic = `application/${application}/device/${devEui}/command/down`;
  const send = (data: string, { commandId, atMs }: CloseWish, answerSeconds: number): Command[] => {
    const expiresAt = new Date(atMs + answerSeconds * 1000).toISOString();
    const payload = { id: uuidOf(commandId), devEui, confirmed: true, fPort, data, expiresAt };
    return [{ topic, payload: JSON.stringify(payload), qos: 1 }];
  };
  return downlinkActuator(address, devEui, { send, queue: send });
}
