import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { gatewayOf } from './client.ts';
import { device, deviceCommand } from './device.ts';
import { mosquittoCommand } from './mosquitto-command.ts';

const USAGE = `Usage: npm run nongtin -- device add ID [--role device|bridge|technician|node-red]
       npm run nongtin -- device list
       npm run nongtin -- device rotate ID
       npm run nongtin -- device revoke ID
       npm run nongtin -- mosquitto config DIR
  add     lets a device sign in to the farm's MQTT, and shows its password
  rotate  gives it another password; its name, and with it its series, stay
  revoke  takes it away, and disconnects the device
They ask the gateway that runs on NONGTIN_DATA_DIR (./data).
  mosquitto config  writes what a Mosquitto needs in place of the gateway's broker; read from that folder`;

await runTool(async ({ clock }) => {
  const command = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  const dataDir = resolve(process.env.NONGTIN_DATA_DIR?.trim() || './data');
  if ('folder' in command) {
    // Reads credentials, which takes the whole broker along.
    const { mosquitto } = await import('./mosquitto.ts');
    return `${mosquitto(command, dataDir)}\n`;
  }
  return `${await device(command, gatewayOf(dataDir), clock.nowMs())}\n`;
});

function readArguments(args: string[]) {
  const options = { role: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [about, ...rest] = positionals;
  if (about === 'mosquitto') return mosquittoCommand(rest);
  if (about !== 'device') throw new Error('device or mosquitto is expected');
  return deviceCommand(rest, values.role);
}
