import process from 'node:process';
import { pino } from 'pino';
import { openRecords } from '../records/index.ts';

/** Prints the daily rows of a cloud that is stopped: node print-readings.ts DATA_DIR */
const records = openRecords({ dataDir: process.argv[2] ?? '', logger: pino({ enabled: false }) });
await records.start();
const rows = await records.db.selectFrom('reading_days').selectAll().execute();
process.stdout.write(JSON.stringify(rows));
await records.stop();
