import type { Migration } from 'kysely';
import { up as foundation } from './0001-foundation.ts';
import { up as stampsAndAnchors } from './0002-stamps-and-anchors.ts';
import { up as undatedReadings } from './0003-undated-readings.ts';
import { up as commands } from './0004-commands.ts';
import { up as live } from './0005-live.ts';
import { up as series } from './0006-series.ts';
import { up as enrolment } from './0007-enrolment.ts';
import { up as entries } from './0008-entries.ts';
import { up as readiness } from './0009-readiness.ts';
import { up as packing } from './0010-packing.ts';
import { up as pests } from './0011-pests.ts';
import { up as correctedHarvests } from './0012-corrected-harvests.ts';
import { up as stamps } from './0013-stamps.ts';
import { up as chainTransactions } from './0014-chain-transactions.ts';
import { up as treesOnOtherChains } from './0015-trees-on-other-chains.ts';
import { up as endsOfKeys } from './0016-ends-of-keys.ts';
import { up as ordersOfStamps } from './0017-orders-of-stamps.ts';
import { up as changeLog } from './0020-change-log.ts';

/** In the order of their names. A migration that was released is never edited: add another one. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-foundation': { up: foundation },
  '0002-stamps-and-anchors': { up: stampsAndAnchors },
  '0003-undated-readings': { up: undatedReadings },
  '0004-commands': { up: commands },
  '0005-live': { up: live },
  '0006-series': { up: series },
  '0007-enrolment': { up: enrolment },
  '0008-entries': { up: entries },
  '0009-readiness': { up: readiness },
  '0010-packing': { up: packing },
  '0011-pests': { up: pests },
  '0012-corrected-harvests': { up: correctedHarvests },
  '0013-stamps': { up: stamps },
  '0014-chain-transactions': { up: chainTransactions },
  '0015-trees-on-other-chains': { up: treesOnOtherChains },
  '0016-ends-of-keys': { up: endsOfKeys },
  '0017-orders-of-stamps': { up: ordersOfStamps },
  '0020-change-log': { up: changeLog },
};
