import type { Reason } from '@nongtin/broker/wire';
import type { WateredZone } from '../../farm/layout.ts';
import { type ControlledSource, type SourceLimits, sourceDefaults } from '../sources/state.ts';
import type { Limit } from '../time.ts';

/** A zone as the controller sees it: its valve by name, and in what that valve differs from one of ours. */
export interface ControlledZone extends Omit<WateredZone, 'valve' | 'source'> {
  readonly valve: string;
  /**
   * Of another family: it takes no command id, so a repetition asks only for the time that is left; and it may close
   * without a word, so it is told to close when the time is over.
   */
  readonly foreign: boolean;
  /** How long its answer may take, where that is not `ControllerConfig.answer`. */
  readonly answer?: Limit | undefined;
  /** Names its flow meter; two zones behind one meter are never watered together, or neither run could be believed. */
  readonly meter: string;
  /** That meter is a device of its own: while the valve has nothing to say, the meter has. */
  readonly isMeterApart: boolean;
  /** How long that meter may be silent while water runs, where that is not `ControllerConfig.meterSilence`. */
  readonly meterSilence?: Limit | undefined;
  /** Nobody measures its water: it is opened by people, and by programs that bear it; its runs are proven by nothing. */
  readonly isUnmetered: boolean;
  /** Why nothing but a wet test may open it; null: one has measured that it closes by itself. */
  readonly readOnly: Reason | null;
  /** Its place on the farm is being changed: no run begins meanwhile. */
  readonly isHeld: boolean;
  /** The longest single opening; a longer run renews it, and a gateway that dies leaves the valve open no longer. */
  readonly leaseSeconds: number;
  /** Where its water comes from; null: nobody has said. */
  readonly source: string | null;
  /** By so much its lease outlasts the planned time, so that the pump before it can stop first; 0 without a pump. */
  readonly tailSeconds: number;
  /** A program says when it is watered, not the moisture threshold. */
  readonly hasProgram: boolean;
  /** What a wet test tells the valve, and when the valve's own means then close it. */
  readonly test: { readonly leaseSeconds: number; readonly cutOffSeconds: number };
}

export interface ControllerConfig {
  readonly sources: readonly ControlledSource[];
  readonly source: SourceLimits;
  readonly zones: readonly ControlledZone[];
  readonly speed: number;
  /** Makes run and command ids unique across starts of the gateway. */
  readonly idPrefix: string;
  readonly maxZonesAtOnce: number;
  /** Between two runs of one zone: water needs time to reach the probe. */
  readonly pauseRealSeconds: number;
  /** The same where a program decides, which knows itself how long to wait: pipes come to rest. */
  readonly settleRealSeconds: number;
  readonly moistureMaxAgeRealSeconds: number;
  /** How long nobody opens from afar what a person at the farm has stopped: that person may stand in the open pipe. */
  readonly handsOffRealSeconds: number;
  /** A command without an answer is repeated after this … */
  readonly answer: Limit;
  /** … until it has been sent so often; a device takes one id once, so a repetition opens nothing twice. */
  readonly attempts: number;
  /** After those, a close is still repeated, this far apart. */
  readonly slowRepeatRealSeconds: number;
  /** An intent that became durable later than this is not acted upon: the soil may have changed. */
  readonly intentMaxAgeRealSeconds: number;
  /** How long flow may be out of band before the run is stopped. */
  readonly flowFault: Limit;
  /** The band of a zone that states none, as fractions of its nominal flow. */
  readonly lowFlowFraction: number;
  readonly highFlowFraction: number;
  /** How long after an opening flow may be out of a stated band: pipes fill. After that one reading ends the run. */
  readonly flowSettling: Limit;
  /** How long an open valve may be reported without a word of its meter. */
  readonly meterSilence: Limit;
  /** How long the counter may stand still while the flow says that water runs, and how much that must have been. */
  readonly stuckCounter: Limit;
  readonly stuckCounterLitres: number;
  /** How long after a closing the meter may still turn: pipes drain. */
  readonly drain: Limit;
  /** How long water may run through a valve that has been closed for longer. */
  readonly leak: Limit;
  /** Flow of a closed valve below this fraction of the nominal one is the meter's noise. */
  readonly leakFlowFraction: number;
  /** So late messages may be: a valve that says open for longer after it was told to close does not close. */
  readonly lateness: Limit;
  /** How long after its lease a valve may still be open. */
  readonly leaseGrace: Limit;
  /** Water that is still on its way when a volume is complete: how long a close takes to act. */
  readonly reactionSeconds: number;
  /** How long a run that a restart cut off waits for the meter at least before it is recorded without it. */
  readonly interruptedWaitRealSeconds: number;
  /** By so much a valve may miss its cut-off in a wet test; of a longer one, by that part of it. */
  readonly testToleranceSeconds: number;
  readonly testToleranceFraction: number;
  /** How long a wet test watches the meter after the closing, and how long when it has been silent. */
  readonly testDrainSeconds: number;
  readonly testMeterSeconds: number;
}

export const controllerDefaults = {
  sources: [],
  source: sourceDefaults,
  maxZonesAtOnce: 2,
  pauseRealSeconds: 120,
  settleRealSeconds: 10,
  moistureMaxAgeRealSeconds: 600,
  handsOffRealSeconds: 900,
  answer: { farmSeconds: 30, realSeconds: 5 },
  attempts: 3,
  slowRepeatRealSeconds: 60,
  intentMaxAgeRealSeconds: 30,
  flowFault: { farmSeconds: 30, realSeconds: 5 },
  lowFlowFraction: 0.2,
  highFlowFraction: 2,
  flowSettling: { farmSeconds: 30, realSeconds: 5 },
  meterSilence: { farmSeconds: 300, realSeconds: 300 },
  stuckCounter: { farmSeconds: 120, realSeconds: 30 },
  stuckCounterLitres: 50,
  drain: { farmSeconds: 90, realSeconds: 5 },
  leak: { farmSeconds: 30, realSeconds: 5 },
  leakFlowFraction: 0.03,
  lateness: { farmSeconds: 0, realSeconds: 60 },
  leaseGrace: { farmSeconds: 30, realSeconds: 5 },
  reactionSeconds: 2,
  interruptedWaitRealSeconds: 600,
  testToleranceSeconds: 3,
  testToleranceFraction: 0.1,
  testDrainSeconds: 20,
  testMeterSeconds: 120,
} as const satisfies Partial<ControllerConfig>;
