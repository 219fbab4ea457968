import { type Static, Type } from 'typebox';
import { type Actuator, addressOf, type Command, checkedSeconds } from './actuator.ts';

export const TasmotaAddress = addressOf('tasmota', {
  /** Number of the relay, as in POWER1. */
  output: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
  /** Tasmota's own setting FullTopic; its Topic is the device's identity, its Prefix1 `cmnd`. */
  fullTopic: Type.Optional(Type.String({ pattern: '^(%prefix%/%topic%/|%topic%/%prefix%/)$' })),
});
type Address = Static<typeof TasmotaAddress>;

/** 64900 is the largest PulseTime (tasmota.github.io/docs/Commands). */
const LONGEST_SECONDS = 64_800;

/**
 * PulseTime switches a relay off by itself: 1–111 are tenths of a second, 112–64900 are seconds plus 100. It is a setting,
 * so it is set anew in the message that switches on (Backlog0 carries out both, in order and without a pause between);
 * when this message is lost nothing opens. PowerOnState 0, because the default (3) opens again after a power cut.
 */
export function tasmotaActuator(address: Address): Actuator {
  const relay = address.output ?? 1;
  const base = commandBase(address);
  const send = (command: string, payload: string): Command => ({ topic: base + command, payload, qos: 1 });
  return {
    longestSeconds: LONGEST_SECONDS,
    // ExecuteCommandPower restarts the pulse timer at each Power ON (arendst/Tasmota: support_tasmota.ino).
    isRearmed: true,
    outlet: `${address.device}/${relay}`,
    stateChannel: `POWER${relay}`,
    cutOffSeconds: (durationSeconds) => durationSeconds,
    open: ({ durationSeconds }) => [
      send('Backlog0', `PulseTime${relay} ${pulseTime(durationSeconds)};Power${relay} ON`),
    ],
    close: () => [send(`Power${relay}`, 'OFF')],
    provision: ({ limitSeconds }) => [
      send('Backlog0', `PowerOnState 0;PulseTime${relay} ${pulseTime(limitSeconds)}`),
    ],
  };
}

function pulseTime(seconds: number): number {
  const whole = checkedSeconds(seconds, LONGEST_SECONDS);
  return whole <= 11 ? whole * 10 : whole + 100;
}

function commandBase({ device, fullTopic = '%prefix%/%topic%/' }: Address): string {
  return fullTopic.replace('%prefix%', 'cmnd').replace('%topic%', device);
}
