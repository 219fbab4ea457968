import { REACH_PROBLEMS } from '@nongtin/broker';
import { QuarantineRecord, Reason, RunRecord, Settings } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { AtMs, Nullable } from './nullable.ts';
import { Program, Water } from './program-schemas.ts';

/** What the API answers. Times are milliseconds since 1970 UTC (`…AtMs`), volumes litres, durations farm seconds. */
const Flags = Type.Array(Type.String(), {
  description: 'Why it is kept but not trusted; empty when it is good',
});

export const ApiError = Type.Object({
  error: Type.Object({
    kind: Type.Union([Type.Literal('your_input'), Type.Literal('our_fault'), Type.Literal('try_later')]),
    message: Type.String(),
    reason: Type.Optional(Reason),
  }),
});

export const FarmAnswer = Type.Object({
  gateway: Type.Object({
    id: Type.String(),
    publicKey: Type.String(),
    softwareVersion: Type.String(),
    demo: Type.Boolean(),
    speed: Type.Number(),
  }),
  site: Type.String(),
  plots: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      crop: Type.String(),
      plantingAreaCode: Nullable(Type.String()),
      areaHectares: Type.Number(),
      zones: Type.Array(
        Type.Object({
          id: Type.String(),
          name: Type.String(),
          valve: Nullable(Type.String({ description: 'null: it is only measured' })),
          soilProbe: Nullable(Type.String()),
          openBelowFraction: Type.Number(),
          targetFraction: Type.Number(),
          runSeconds: Type.Number(),
          maxRunSeconds: Type.Number(),
          nominalFlowLitresPerMinute: Nullable(Type.Number()),
        }),
      ),
    }),
  ),
  farmDevices: Type.Array(Type.String()),
  devices: Type.Array(
    Type.Object({
      id: Type.String({ description: 'the name of its series' }),
      name: Nullable(Type.String({ description: 'what people call it' })),
      role: Type.String({
        description: 'soil_probe, valve, flow_meter, sensor, farm or source; once a role',
      }),
      zone: Nullable(Type.String()),
      hardware: Type.String({
        description: 'the device that speaks for it; another one when it was replaced',
      }),
    }),
  ),
});

const Shown = Type.Object({ value: Type.Number(), atMs: AtMs, quality: Flags });

const ZoneAnswer = Type.Object({
  id: Type.String(),
  state: Type.String({
    description:
      'unknown, idle, opening, proving, running, closing, leak_testing, in_doubt, testing or locked; measured: it has no valve',
  }),
  soilMoisture: Nullable(Shown),
  soilTemperature: Nullable(Shown),
  soilEc: Nullable(Shown),
  valve: Nullable(
    Type.Object({
      open: Nullable(Type.Boolean()),
      flowLitresPerMinute: Nullable(Type.Number()),
      totalLitres: Nullable(Type.Number()),
      atMs: AtMs,
    }),
  ),
  run: Nullable(
    Type.Object({ runId: Type.String(), startedAtMs: AtMs, plannedSeconds: Type.Number(), reason: Reason }),
  ),
  test: Nullable(
    Type.Object({
      testId: Type.String(),
      stage: Type.String({ description: 'intent, opening, open, draining, closing or over' }),
      forced: Nullable(
        Type.String({ description: 'no_answer, past_cut_off or stopped: it was told to close' }),
      ),
      leaseSeconds: Type.Number(),
      cutOffSeconds: Type.Number(),
      openedAtMs: Nullable(AtMs),
      closedAtMs: Nullable(AtMs),
      litres: Nullable(Type.Number()),
    }),
  ),
  decision: Reason,
  locked: Nullable(Reason),
  settings: Nullable(
    Type.Object(
      {
        ...Settings.properties,
        changed: Nullable(Type.Object({ by: Type.String(), atMs: AtMs })),
      },
      {
        description:
          'How it is watered now, null without a valve; changed: by whom, where that is not what farm.json says',
      },
    ),
  ),
  program: Nullable(Program),
  water: Nullable(Water),
});

const LiveReading = Type.Object({
  metric: Type.String(),
  channel: Type.String(),
  unit: Type.String(),
  value: Type.Number(),
  atMs: AtMs,
  quality: Flags,
});

const StatusAnswer = Type.Object({
  counters: Type.Record(Type.String(), Type.Number()),
  refusals: Type.Array(
    Type.Object({ atMs: AtMs, cause: Type.String(), identity: Type.String(), topic: Type.String() }),
    { description: 'What the broker refused, the newest last' },
  ),
  journal: Type.Object({
    lastNumber: Type.Number(),
    healthy: Type.Boolean(),
    cause: Type.Optional(Type.String({ description: 'full, read_only or failing' })),
    reason: Type.Optional(Type.String()),
  }),
  series: Type.Object({
    store: Type.String(),
    behindEntries: Type.Number(),
    lastOutcome: Type.String(),
    reason: Type.Optional(Type.String()),
    rejected: Type.Optional(Type.Number()),
    rollups: Type.Optional(
      Type.Object({
        waitingWindows: Type.Number(),
        rolledUpToMs: Nullable(AtMs),
        reason: Type.Optional(Type.String()),
      }),
    ),
  }),
  uplink: Type.Object({
    connected: Type.Boolean(),
    durableUpTo: Type.Number(),
    behindEntries: Type.Number({ description: 'A few are always on their way: readings travel together' }),
    lagging: Type.Boolean({ description: 'Some have waited for longer than half a minute' }),
    oldestWaitingAtMs: Nullable(AtMs),
    entriesPerSecond: Nullable(Type.Number()),
    secondsLeft: Nullable(Type.Number()),
    lastRefusal: Nullable(
      Type.Object({ number: Type.Number(), kind: Type.String(), reason: Type.String(), atMs: AtMs }),
    ),
  }),
  externalBroker: Type.Optional(
    Type.Object(
      {
        url: Type.String(),
        connected: Type.Boolean(),
        sinceMs: AtMs,
        problem: Nullable(Type.String({ description: REACH_PROBLEMS.join(', ') })),
        detail: Type.String(),
      },
      { description: 'The broker that devices speak to, when it is not the gateway’s own' },
    ),
  ),
});

export const LiveAnswer = Type.Object({
  atMs: AtMs,
  zones: Type.Array(ZoneAnswer),
  devices: Type.Array(
    Type.Object({
      id: Type.String(),
      online: Nullable(Type.Boolean()),
      lastSeenAtMs: Nullable(AtMs),
      readings: Type.Array(LiveReading),
    }),
  ),
  ...StatusAnswer.properties,
});

export const SeriesAnswer = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  points: Type.Array(Type.Tuple([AtMs, Type.Number(), Type.Integer()]), {
    description: 'Time, value, quality bits',
  }),
});

export const ReadingsAnswer = Type.Object({
  readings: Type.Array(
    Type.Object({
      device: Type.String(),
      metric: Type.String(),
      channel: Type.String({ description: 'which of several sensors, or the name of a raw field' }),
      unit: Type.String(),
      value: Type.Number(),
      atMs: AtMs,
      quality: Flags,
    }),
  ),
});

export const RunsAnswer = Type.Object({ runs: Type.Array(RunRecord) });
export const QuarantineAnswer = Type.Object({ quarantine: Type.Array(QuarantineRecord) });
export const DeadLettersAnswer = Type.Object({
  deadLetters: Type.Array(
    Type.Object({
      id: Type.Integer(),
      line: Type.String({ description: 'the reading in line protocol' }),
      reason: Type.String({ description: "the store's own words" }),
      atMs: AtMs,
      store: Type.String(),
      attempts: Type.Integer(),
    }),
    { description: 'The newest first' },
  ),
  kept: Type.Integer(),
  dropped: Type.Integer({ description: 'the oldest, for want of room; they are in the journal' }),
});
export const RetryAnswer = Type.Object({
  taken: Type.Integer(),
  refused: Type.Integer(),
  waiting: Type.Integer({ description: 'not tried, because the store takes nothing at the moment' }),
});
export const HarvestAnswer = Type.Object({ harvestId: Type.String(), entryNumber: Type.Integer() });
export const SourcesAnswer = Type.Object({
  sources: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      state: Type.String({ description: 'unknown, resting, starting, delivering, stopping or locked' }),
      pumpOn: Nullable(Type.Boolean({ description: 'null: there is none, or it has not spoken yet' })),
      masterValveOpen: Nullable(Type.Boolean()),
      pressure: Nullable(Type.Object({ kilopascals: Type.Number(), atMs: AtMs })),
      tank: Nullable(Type.Object({ percent: Type.Number(), atMs: AtMs })),
      filter: Nullable(
        Type.Object({
          isFlushing: Type.Boolean(),
          litres: Nullable(Type.Number({ description: 'since it was flushed; null: nobody counts them' })),
          difference: Nullable(
            Type.Object(
              { kilopascals: Type.Number(), atMs: AtMs },
              { description: 'that it takes; null: nobody measures it on both sides at about the same time' },
            ),
          ),
        }),
      ),
      reason: Reason,
    }),
  ),
});

export const ZoneRequestAnswer = Type.Object({ accepted: Type.Literal(true), reason: Reason });

const Mapping = Type.Object({
  device: Type.String(),
  channel: Type.String({ description: 'name of the raw field' }),
  metric: Type.String(),
  unit: Type.String({ description: 'what the field is given in' }),
  toChannel: Type.String({ description: 'channel of the readings made of it' }),
  recordedBy: Type.String(),
  atMs: AtMs,
  lastSeenAtMs: Nullable(
    Type.Number({ description: 'when the field last came since the gateway has started; null: not yet' }),
  ),
});
export const MappingAnswer = Type.Object({
  mapping: Mapping,
  warning: Nullable(Type.String({ description: 'the mapping is kept, but look at this' })),
});
export const MappingsAnswer = Type.Object({
  mappings: Type.Array(Mapping),
  unmapped: Type.Array(
    Type.Object({
      device: Type.String(),
      channel: Type.String(),
      lastValue: Type.Number(),
      unit: Nullable(Type.String({ description: 'as the payload states it' })),
      reason: Nullable(
        Type.String({
          description:
            'why it is raw in spite of its name: boolean (true is no quantity), repeated (the message tells that series twice) or unit (the unit behind the number measures something else)',
        }),
      ),
      count: Type.Integer({ description: 'since the gateway has started' }),
      firstAtMs: AtMs,
      lastAtMs: AtMs,
    }),
  ),
});

export const ClockAnswer = Type.Object({
  atMs: AtMs,
  trusted: Type.Boolean({ description: 'False: readings wait for their date' }),
  source: Nullable(Type.String({ description: 'system, cloud or person: who told the time' })),
  bootId: Type.String(),
  told: Nullable(
    Type.Object(
      { atMs: AtMs, countsInSeconds: Type.Integer() },
      { description: 'What a person said; until it counts another word takes its place' },
    ),
  ),
  machineAheadMs: Type.Number({ description: 'How far the clock of the machine is ahead of the gateway’s' }),
  undated: Type.Array(
    Type.Object({
      bootId: Type.String(),
      startedAtMs: Type.Number({ description: 'By its own clock, which may have been anything' }),
      ranForMs: Type.Number(),
      entries: Type.Integer(),
      readings: Type.Integer({ description: 'How many wait for the date' }),
      earliestStartMs: AtMs,
      latestStartMs: Nullable(AtMs),
    }),
  ),
});

export const EnrolmentAnswer = Type.Object({
  gateway: Nullable(Type.String({ description: 'Its name in the cooperative' })),
  cloud: Nullable(
    Type.String({ description: 'Where it was enrolled; null: registered by hand, or not at all' }),
  ),
  cooperative: Nullable(Type.String()),
  overTls: Type.Boolean({ description: 'Whether the uplink goes over TLS' }),
  certificateEndsAtMs: Nullable(AtMs),
  revoked: Nullable(
    Type.String({ description: 'Why the cooperative has revoked this gateway; null: it has not' }),
  ),
});
