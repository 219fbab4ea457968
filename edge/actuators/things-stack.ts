import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type CloseWish, type Command } from './actuator.ts';
import { downlinkFields, fixedPayload, limitsOf, timedPayload, USUAL_ANSWER_SECONDS } from './downlink.ts';

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
  const { application, deviceId, fPort, answerSeconds = USUAL_ANSWER_SECONDS } = address;
  const limits = limitsOf(address.open);
  const downlink = (frm_payload: string, { commandId }: CloseWish) => ({
    f_port: fPort,
    frm_payload,
    priority: 'HIGHEST',
    confirmed: true,
    correlation_ids: [`nongtin:${commandId}`],
  });
  const send = (action: 'push' | 'replace', data: string, wish: CloseWish): Command[] => [
    {
      topic: `v3/${application}/devices/${deviceId}/down/${action}`,
      payload: JSON.stringify({ downlinks: [downlink(data, wish)] }),
      qos: 1,
    },
  ];
  return {
    longestSeconds: limits.longestSeconds,
    answerSeconds,
    stateChannel: undefined,
    cutOffSeconds: (durationSeconds) => Math.ceil(durationSeconds / limits.stepSeconds) * limits.stepSeconds,
    open: (wish) => send('replace', timedPayload(address.open, wish.durationSeconds), wish),
    close: (wish) => send('replace', fixedPayload(address.close), wish),
    // Behind the closing of the start, not in its place.
    provision: (wish) =>
      address.provision === undefined
        ? []
        : send('push', timedPayload(address.provision, wish.limitSeconds), wish),
  };
}
