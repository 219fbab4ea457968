import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { gatewayOf } from './client.ts';
import { device, deviceCommand } from './device.ts';
import { farm, farmCommand } from './farm.ts';
import { mosquittoCommand } from './mosquitto-command.ts';

const USAGE = `Usage: npm run nongtin -- device add ID [--role device|bridge|technician|node-red]
       npm run nongtin -- device list | found
       npm run nongtin -- device rotate | revoke | retire ID
       npm run nongtin -- device place ID --role soil_probe|valve|flow_meter|sensor|farm
                                 [--zone ZONE] [--name NAME] [--flow L/MIN] [--valve JSON]
       npm run nongtin -- device rename ID --name NAME
       npm run nongtin -- device replace ID WITH
       npm run nongtin -- plot add NAME --crop CROP --hectares H
       npm run nongtin -- zone add PLOT NAME | remove ZONE | list | test ZONE
       npm run nongtin -- mosquitto config DIR
  add     lets a device sign in to the farm's MQTT, and shows its password
  rotate  gives it another password; its name, and with it its series, stay
  revoke  takes it away, and disconnects the device
  found   shows devices that speak and have no place on the farm yet
  place   gives one its place; replace puts another one in its place, and its series go on; retire takes it away
  test    opens a valve for ten seconds, while you stand beside it, to see that it closes by itself
They ask the gateway that runs on NONGTIN_DATA_DIR (./data).
  mosquitto config  writes what a Mosquitto needs in place of the gateway's broker; read from that folder`;

const ASK_EVERY_MS = 500;

await runTool(async ({ clock }) => {
  const command = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const dataDir = resolve(process.env.NONGTIN_DATA_DIR?.trim() || './data');
  if ('folder' in command) {
    // Reads credentials, which takes the whole broker along.
    const { mosquitto } = await import('./mosquitto.ts');
    return `${mosquitto(command, dataDir)}\n`;
  }
  const ask = gatewayOf(dataDir);
  const words =
    'kind' in command
      ? await farm(command, ask, () => delay(ASK_EVERY_MS))
      : await device(command, ask, clock.nowMs());
  return `${words}\n`;
});

function readArguments(args: string[]) {
  const names = ['role', 'zone', 'name', 'flow', 'valve', 'crop', 'hectares'] as const;
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const given = values as Partial<Record<(typeof names)[number], string>>;
  const aboutFarm = farmCommand(positionals, given);
  if (aboutFarm !== undefined) return aboutFarm;
  const [about, ...rest] = positionals;
  if (about === 'mosquitto') return mosquittoCommand(rest);
  if (about !== 'device') throw new Error('device, plot, zone or mosquitto is expected');
  return deviceCommand(rest, given.role);
}
