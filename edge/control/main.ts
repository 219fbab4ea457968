import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { type Ask, gatewayOf } from './client.ts';
import { device, deviceCommand } from './device.ts';
import { gateway, gatewayCommand } from './gateway.ts';

const USAGE = `Usage: npm run nongtin -- device add ID [--role device|bridge|technician|node-red]
       npm run nongtin -- device list
       npm run nongtin -- device rotate ID
       npm run nongtin -- device revoke ID
       npm run nongtin -- gateway enrol CODE-OR-LINK [--cloud URL] [--fingerprint HEX] [--instead]
       npm run nongtin -- gateway status
  add     lets a device sign in to the farm's MQTT, and shows its password
  rotate  gives it another password; its name, and with it its series, stay
  revoke  takes it away, and disconnects the device
  enrol   gives this gateway its place in a cooperative, by a claim code of its console; --instead: leaving another cloud
  status  which gateway this is, and how far its journal has gone up
They ask the gateway that runs on NONGTIN_DATA_DIR (./data).`;

await runTool(async ({ clock }) => {
  const answer = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const ask = gatewayOf(resolve(process.env.NONGTIN_DATA_DIR?.trim() || './data'));
  return `${await answer(ask, clock.nowMs())}\n`;
});

function readArguments(args: string[]): (ask: Ask, nowMs: number) => Promise<string> {
  const options = {
    role: { type: 'string' },
    cloud: { type: 'string' },
    fingerprint: { type: 'string' },
    instead: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const { role, ...ofGateway } = values;
  const [about, ...rest] = positionals;
  if (about === 'gateway') {
    const command = gatewayCommand(rest, ofGateway);
    return (ask) => gateway(command, ask);
  }
  if (about !== 'device') throw new Error('device or gateway is expected');
  const command = deviceCommand(rest, role);
  return (ask, nowMs) => device(command, ask, nowMs);
}
