import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { type Ask, gatewayOf } from './client.ts';
import { device, deviceCommand } from './device.ts';
import { farm, farmCommand } from './farm.ts';
import { gateway, gatewayCommand } from './gateway.ts';
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
       npm run nongtin -- gateway enrol CODE-OR-LINK [--cloud URL] [--fingerprint HEX] [--instead]
       npm run nongtin -- gateway status
       npm run nongtin -- mosquitto config DIR
       npm run nongtin -- chain deploy | status | call …
       npm run nongtin -- cloud rebuild …
       npm run nongtin -- verify BUNDLE | LINK …
  add     lets a device sign in to the farm's MQTT, and shows its password
  rotate  gives it another password; its name, and with it its series, stay
  revoke  takes it away, and disconnects the device
  found   shows devices that speak and have no place on the farm yet
  place   gives one its place; replace puts another one in its place, and its series go on; retire takes it away
  test    opens a valve for ten seconds, while you stand beside it, to see that it closes by itself
  enrol   gives this gateway its place in a cooperative, by a claim code of its console; --instead: leaving another cloud
  status  which gateway this is, and how far its journal has gone up
They ask the gateway that runs on NONGTIN_DATA_DIR (./data).
  mosquitto config  writes what a Mosquitto needs in place of the gateway's broker; read from that folder
  verify checks a proof bundle against the chain; it needs nothing of ours to run
  chain  puts the contracts on a chain of others, and shows how they stand; it needs no gateway
  cloud  makes the cloud's database again of its change log`;

const ASK_EVERY_MS = 500;
const names = ['role', 'zone', 'name', 'flow', 'valve', 'crop', 'hectares', 'cloud', 'fingerprint'] as const;

/** What is to be done, once it is known which gateway is meant. */
type Work = (ask: Ask, dataDir: string, nowMs: number) => Promise<string>;

await runTool(async ({ clock }) => {
  const work = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const dataDir = resolve(process.env.NONGTIN_DATA_DIR?.trim() || './data');
  return `${await work(gatewayOf(dataDir), dataDir, clock.nowMs())}\n`;
});

function readArguments(args: string[]): Work {
  const texts = Object.fromEntries(names.map((name) => [name, { type: 'string' } as const]));
  const options = { ...texts, instead: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const given = values as Partial<Record<(typeof names)[number], string>> & { instead?: boolean };
  const aboutFarm = farmCommand(positionals, given);
  if (aboutFarm !== undefined) return (ask) => farm(aboutFarm, ask, () => delay(ASK_EVERY_MS));
  const [about, ...rest] = positionals;
  switch (about) {
    case 'mosquitto': {
      const command = mosquittoCommand(rest);
      // Reads credentials, which takes the whole broker along.
      return async (_, dataDir) => (await import('./mosquitto.ts')).mosquitto(command, dataDir);
    }
    case 'gateway': {
      const command = gatewayCommand(rest, given);
      return (ask) => gateway(command, ask);
    }
    case 'device': {
      const command = deviceCommand(rest, given.role);
      return (ask, _, nowMs) => device(command, ask, nowMs);
    }
    default:
      throw new Error('device, gateway, plot, zone or mosquitto is expected');
  }
}
