import { deviceClockReset } from './device-clock-reset.ts';
import { deviceReboot } from './device-reboot.ts';
import { doseLineAir } from './dose-line-air.ts';
import { doseTankEmpty } from './dose-tank-empty.ts';
import { dripClogged } from './drip-clogged.ts';
import { farmPowerCut } from './farm-power-cut.ts';
import type { Fault } from './fault.ts';
import { filterClogged } from './filter-clogged.ts';
import { gatewayClockReset } from './gateway-clock-reset.ts';
import { gatewayPowerCut } from './gateway-power-cut.ts';
import { leaseTimerLost } from './lease-timer-lost.ts';
import { mainBurst } from './main-burst.ts';
import { messagesDuplicated } from './messages-duplicated.ts';
import { messagesLate } from './messages-late.ts';
import { messagesLost } from './messages-lost.ts';
import { messagesReordered } from './messages-reordered.ts';
import { meterDead } from './meter-dead.ts';
import { meterFactor } from './meter-factor.ts';
import { meterSticking } from './meter-sticking.ts';
import { pipeBurst } from './pipe-burst.ts';
import { pressureDrop } from './pressure-drop.ts';
import { pumpNotStarting } from './pump-not-starting.ts';
import { pumpNotStopping } from './pump-not-stopping.ts';
import { rainGaugeDead } from './rain-gauge-dead.ts';
import { sensorDead } from './sensor-dead.ts';
import { sensorDrifting } from './sensor-drifting.ts';
import { sensorFlat } from './sensor-flat.ts';
import { sensorJumping } from './sensor-jumping.ts';
import { sourceEcStep } from './source-ec-step.ts';
import { tankDry } from './tank-dry.ts';
import { tankInflowStopped } from './tank-inflow-stopped.ts';
import { unitWrong } from './unit-wrong.ts';
import { valveLeaking } from './valve-leaking.ts';
import { valveLies } from './valve-lies.ts';
import { valveStuckClosed } from './valve-stuck-closed.ts';
import { valveStuckOpen } from './valve-stuck-open.ts';
import { wifiLoss } from './wifi-loss.ts';

/** One line a kind of fault: its name in a scenario. */
export const faults: Readonly<Record<string, Fault>> = {
  'device-clock-reset': deviceClockReset,
  'device-reboot': deviceReboot,
  'dose-line-air': doseLineAir,
  'dose-tank-empty': doseTankEmpty,
  'drip-clogged': dripClogged,
  'farm-power-cut': farmPowerCut,
  'filter-clogged': filterClogged,
  'gateway-clock-reset': gatewayClockReset,
  'gateway-power-cut': gatewayPowerCut,
  'lease-timer-lost': leaseTimerLost,
  'main-burst': mainBurst,
  'messages-duplicated': messagesDuplicated,
  'messages-late': messagesLate,
  'messages-lost': messagesLost,
  'messages-reordered': messagesReordered,
  'meter-dead': meterDead,
  'meter-factor': meterFactor,
  'meter-sticking': meterSticking,
  'pipe-burst': pipeBurst,
  'pressure-drop': pressureDrop,
  'pump-not-starting': pumpNotStarting,
  'pump-not-stopping': pumpNotStopping,
  'rain-gauge-dead': rainGaugeDead,
  'sensor-dead': sensorDead,
  'sensor-drifting': sensorDrifting,
  'sensor-flat': sensorFlat,
  'sensor-jumping': sensorJumping,
  'source-ec-step': sourceEcStep,
  'tank-dry': tankDry,
  'tank-inflow-stopped': tankInflowStopped,
  'unit-wrong': unitWrong,
  'valve-leaking': valveLeaking,
  'valve-lies': valveLies,
  'valve-stuck-closed': valveStuckClosed,
  'valve-stuck-open': valveStuckOpen,
  'wifi-loss': wifiLoss,
};
