import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCredentials } from '@nongtin/broker';
import { pino } from 'pino';
import { AedesDoor } from './aedes-door.ts';
import { uplinkDoorSuite } from './door.suite.ts';

uplinkDoorSuite('aedes', {
  open: async (takers) => {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-door-'));
    const credentials = openCredentials({ path: join(folder, 'credentials.json') });
    const logger = pino({ level: 'silent' });
    const door = new AedesDoor({ host: '127.0.0.1', port: 0, credentials, takers, logger });
    return {
      door,
      url: () => `mqtt://127.0.0.1:${door.port}`,
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});
