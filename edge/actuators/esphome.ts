import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type Command, checkedSeconds } from './actuator.ts';

export const EsphomeAddress = addressOf('esphome', {
  component: Type.Optional(Type.String({ pattern: '^(switch|valve)$' })),
  /** Object id of the switch or valve, as in `<node>/switch/<output>/command`. */
  output: Type.String({ pattern: '^[a-z0-9_-]{1,64}$' }),
  /** The node's own longest run, which its configuration enforces whatever we say; a technician has checked it. */
  cutOffSeconds: Type.Integer({ minimum: 1, maximum: 14_400 }),
});
type Address = Static<typeof EsphomeAddress>;

/**
 * ESPHome (esphome.io/components/mqtt) takes ON and OFF and no duration, so the only cut-off is one that the node's own
 * configuration enforces, always the same one. Where there is none the node stays read-only. The controller closes when
 * a run's time is over; the node's cut-off is what is left when the controller is gone.
 */
export function esphomeActuator({ device, component = 'switch', output, cutOffSeconds }: Address): Actuator {
  const topic = `${device}/${component}/${output}/command`;
  const [on, off] = component === 'valve' ? ['OPEN', 'CLOSE'] : ['ON', 'OFF'];
  const send = (payload: string | undefined): Command[] => [{ topic, payload: payload ?? '', qos: 1 }];
  return {
    longestSeconds: cutOffSeconds,
    // It takes no time, so there is nothing to renew: its own cut-off is the same for every run, and is the zone's limit.
    isRearmed: false,
    outlet: topic,
    stateChannel: output,
    cutOffSeconds: () => cutOffSeconds,
    open: ({ durationSeconds }) => {
      checkedSeconds(durationSeconds, cutOffSeconds);
      return send(on);
    },
    close: () => send(off),
    provision: () => [],
  };
}
