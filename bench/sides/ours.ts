import { GatewaySide } from './gateway.ts';
import { InfluxServer } from './influx.ts';
import type { Side } from './side.ts';

const DATABASE = 'nongtin';
/** As the load's payload has them; each reading is a row of its own measurement here. */
const METRICS = ['soil_moisture', 'soil_temperature', 'soil_ec', 'volume'];

export interface OursOptions {
  readonly devices: readonly string[];
  readonly zones?: readonly string[];
}

/** Our gateway, everything on, and an InfluxDB of its own. */
export async function startOurs(options: OursOptions): Promise<Side & { readonly gateway: GatewaySide }> {
  const influx = await InfluxServer.start();
  const gateway = await GatewaySide.start({ influxUrl: influx.url, ...options }).catch(async (error) => {
    await influx.stop();
    throw error;
  });
  return {
    name: 'ours',
    mqttPort: gateway.mqttPort,
    influx,
    gateway,
    password: (device) => gateway.passwords.get(device),
    pids: () => [gateway.pid, influx.pid],
    pipelinePid: () => gateway.pid,
    async stored({ deviceMs }) {
      const counts = METRICS.map((metric) => influx.count(DATABASE, metric, 'value', deviceMs));
      return Math.min(...(await Promise.all(counts)));
    },
    storedNumbers: () => influx.numbers(DATABASE, 'SELECT "value" FROM "volume" GROUP BY "device"'),
    async newestNumber(device) {
      const query = `SELECT "value" FROM "volume" WHERE "device" = '${device}' ORDER BY time DESC LIMIT 1`;
      return Number((await influx.query(DATABASE, query))[0]?.[1] ?? 0);
    },
    async killAndRestart() {
      await gateway.kill();
      await gateway.again();
    },
    async stop() {
      await gateway.stop();
      await influx.stop();
    },
  };
}
