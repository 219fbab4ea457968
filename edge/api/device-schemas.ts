import { PlacementRecord, Reason, WetTestRecord } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import type { Valve } from '../actuators/index.ts';
import { AtMs, Nullable } from './nullable.ts';

/** What the API answers about devices and their places. */
export const CreatedAnswer = Type.Object({ id: Type.String({ description: 'made of the name' }) });
export const DoneAnswer = Type.Object({ done: Type.Literal(true) });
export const PlacementsAnswer = Type.Object({
  placements: Type.Array(PlacementRecord, { description: 'What became of it, the newest first' }),
});
export const FoundAnswer = Type.Object({
  found: Type.Array(
    Type.Object({
      id: Type.String({ description: 'SPEAKER.NAME for a device behind a bridge' }),
      family: Nullable(Type.String({ description: 'the profile that reads it' })),
      model: Nullable(Type.String()),
      firmware: Nullable(Type.String()),
      firstSeenAtMs: AtMs,
      lastSeenAtMs: AtMs,
      isAnnouncedOnly: Type.Boolean({ description: 'it has said nothing of its own yet' }),
      isDismissed: Type.Boolean(),
      formerOf: Nullable(Type.String({ description: 'the device whose place another one has taken' })),
      values: Type.Array(
        Type.Object({
          metric: Type.String({ description: 'raw: nobody has said yet what it means' }),
          channel: Type.String(),
          unit: Type.String(),
          value: Type.Number(),
          atMs: AtMs,
        }),
      ),
      outputs: Type.Array(
        Type.Object({
          channel: Type.String(),
          valve: Nullable(
            Type.Unsafe<Valve>({ description: 'how it would be reached, as in docs/valves.md' }),
          ),
          missing: Type.Array(Type.String(), { description: 'fields of that which only a person knows' }),
          isDrivable: Type.Boolean({ description: 'false: it is only read' }),
        }),
        { description: 'that could be valves' },
      ),
      missing: Type.Array(
        Type.String({
          description:
            'no_reading_yet, fields_without_meaning (map them), valve_cannot_be_driven, valve_needs_settings',
        }),
      ),
    }),
    { description: 'Without a place on the farm; the newest first' },
  ),
  refused: Type.Array(Type.Object({ identity: Type.String(), atMs: AtMs }), {
    description: 'Wanted to sign in and is not known: give it a credential',
  }),
});
export const WetTestsAnswer = Type.Object({
  readOnly: Nullable(Reason),
  tests: Type.Array(WetTestRecord, { description: 'The newest first' }),
});

const Counts = Type.Object({
  readings: Type.Integer(),
  flagged: Type.Integer({ description: 'of these, with a quality flag' }),
  missing: Type.Integer({ description: 'fields that should have held a reading' }),
  unreadable: Type.Integer({ description: 'messages' }),
});
export const DevicesAnswer = Type.Object({
  devices: Type.Array(
    Type.Object({
      id: Type.String({ description: 'the name of its series; SPEAKER.NAME for a device behind a bridge' }),
      name: Nullable(Type.String({ description: 'what people call it' })),
      credential: Nullable(
        Type.String({ description: 'what it signs in with; null: it is behind a bridge' }),
      ),
      role: Nullable(
        Type.String({
          description: 'device, bridge, technician or node-red; null: it has no password of its own',
        }),
      ),
      family: Nullable(Type.String({ description: 'the profile that reads it' })),
      model: Nullable(Type.String({ description: 'as it or its bridge says' })),
      firmware: Nullable(Type.String()),
      online: Nullable(Type.Boolean()),
      firstSeenAtMs: Nullable(Type.Number({ description: 'since the gateway has started' })),
      lastSeenAtMs: Nullable(AtMs),
      expectedSeconds: Nullable(Type.Number({ description: 'how often it usually speaks' })),
      overdue: Type.Boolean({ description: 'silent for more than three times that' }),
      battery: Nullable(Type.Number({ description: '%' })),
      batteryLow: Type.Boolean(),
      rssi: Nullable(Type.Number({ description: 'dBm' })),
      snr: Nullable(Type.Number({ description: 'dB' })),
      linkQuality: Nullable(Type.Number({ description: '0 to 255' })),
      clockAheadSeconds: Nullable(Type.Number({ description: 'of the device, against the gateway' })),
      lastHour: Counts,
      lastDay: Counts,
    }),
  ),
});
export const IssuedAnswer = Type.Object({
  id: Type.String(),
  password: Type.String({ description: 'Shown this once; it is not kept' }),
});
export const TlsAnswer = Type.Object({
  host: Nullable(Type.String({ description: 'of a broker on another machine; null: it is on this one' })),
  ownHosts: Type.Array(Type.String(), {
    description: 'names and addresses under which devices may reach this machine, the likeliest first',
  }),
  mqttPort: Nullable(Type.Integer({ description: 'of MQTT without TLS; null: none for devices' })),
  tlsPort: Nullable(Type.Integer({ description: 'of MQTT over TLS; null: closed' })),
  webSocketPort: Nullable(Type.Integer({ description: 'of MQTT over WebSocket, with TLS or without' })),
  authority: Nullable(Type.String({ description: 'PEM: the certificate that devices are to trust' })),
  validToMs: Nullable(AtMs),
  tasmotaFingerprint: Nullable(Type.String({ description: "for Tasmota's MqttFingerprint" })),
});
