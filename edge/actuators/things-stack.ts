import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type CloseWish, type Command } from './actuator.ts';
import { downlinkActuator, downlinkFields } from './downlink.ts';

export const ThingsStackAddress = addressOf('things-stack', {
  /** `<application>@<tenant>`, or `<application>` on an installation without tenants. */
  application: Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,35})(?:@[a-z0-9-]{1,36})?$' }),
  deviceId: Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,35})$' }),
  ...downlinkFields,
});
type Address = Static<typeof ThingsStackAddress>;

/**
 * The Things Stack v3, `…/down/replace` (Downlink Queue Operations): the command takes the place of everything that waits in
 * the device's queue, so a closing is never behind a stale opening and a repetition opens once. It has no expiry:
 * an opening that nobody fetched waits until the closing that follows it replaces it.
 */
export function thingsStackActuator(address: Address): Actuator {
  const { application, deviceId, fPort } = address;
  const sendTo =
    (action: 'push' | 'replace') =>
    (frm_payload: string, { commandId }: CloseWish): Command[] => {
      const downlink = {
        ...{ f_port: fPort, frm_payload, priority: 'HIGHEST', confirmed: true },
        correlation_ids: [`nongtin:${commandId}`],
      };
      const topic = `v3/${application}/devices/${deviceId}/down/${action}`;
      return [{ topic, payload: JSON.stringify({ downlinks: [downlink] }), qos: 1 }];
    };
  return downlinkActuator(address, `${application}/${deviceId}`, {
    send: sendTo('replace'),
    queue: sendTo('push'),
  });
}
