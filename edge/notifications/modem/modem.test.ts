import { expect, it, onTestFinished } from 'vitest';
import { systemTimers, type Timers } from '../../irrigation/timers.ts';
import { behavesAsAChannel, type Mood, message } from '../channels/channels.suite.ts';
import { createSms } from '../channels/sms.ts';
import { type ModemHabits, modemSimulator } from '../testing/modem.ts';
import { Modem } from './modem.ts';
import { decodedPdu } from './pdu.suite.ts';
import { openSerial } from './port.ts';

const TO = '+84901234567';
const signal = new AbortController().signal;

async function stage(
  habits: Partial<ModemHabits> = {},
  more: Partial<ConstructorParameters<typeof Modem>[0]> = {},
) {
  const simulator = await modemSimulator(habits);
  const modem = new Modem({
    ...{ device: simulator.device, baud: 115_200, mode: 'pdu', open: openSerial, timers: systemTimers },
    ...more,
  });
  onTestFinished(() => modem.close());
  return { simulator, modem, channel: createSms(modem) };
}

const moods: Partial<Record<Mood, Partial<ModemHabits>>> = {
  busy: { error: '+CMS ERROR: 42' },
  broken: { error: 'ERROR' },
  unknown_address: { error: '+CMS ERROR: 28' },
  away: { registered: 2 },
};

behavesAsAChannel('sms', ['well', 'busy', 'broken', 'unknown_address', 'away'], async (mood) => {
  const { simulator, channel } = await stage(moods[mood] ?? {});
  return {
    ...{ channel, to: TO, secrets: [TO, '84901234567'] },
    received: () => simulator.messages.map((said) => decodedPdu(said.split(' ').at(-1) ?? '').text).join(''),
  };
});

it('writes a message in the bytes that the network knows, whatever the modem says in between', async () => {
  const { simulator, modem } = await stage({ chatty: true });
  expect(await modem.send(TO, 'Van không đóng!')).toEqual({ outcome: 'accepted', reference: '41' });
  const [said = ''] = simulator.messages;
  const { to, text, isUcs2, length } = decodedPdu(said.split(' ').at(-1) ?? '');
  expect({ to, text, isUcs2 }).toEqual({ to: TO, text: 'Van không đóng!', isUcs2: true });
  expect(said).toMatch(new RegExp(`^AT\\+CMGS=${length} `));
  expect(modem.state).toEqual({ signalDbm: -77, isRegistered: true });
});

it('sends a long message as parts that belong together', async () => {
  const { simulator, modem } = await stage();
  const text = 'Máy bơm không tắt! Hãy ngắt điện máy bơm bằng tay ngay. '.repeat(4).trim();
  await modem.send(TO, text);
  const parts = simulator.messages.map((said) => decodedPdu(said.split(' ').at(-1) ?? ''));
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.map(({ part }) => part)).toEqual(
    parts.map((_, n) => ({ reference: 1, of: parts.length, number: n + 1 })),
  );
  expect(parts.map((one) => one.text).join('')).toBe(text);
});

it('in text mode says it in UCS-2 too, each part for itself', async () => {
  const { simulator, modem } = await stage({}, { mode: 'text' });
  await modem.send(TO, 'Cạn nước. '.repeat(10).trim());
  expect(simulator.heard).toContain('AT+CSCS="UCS2"');
  const texts = simulator.messages.map((said) => fromUcs2(said.split(' ').at(-1) ?? ''));
  expect(texts[0]).toMatch(/^1\/2 Cạn nước\./);
  expect(texts).toHaveLength(2);
  expect(fromUcs2(/"(.*)"/.exec(simulator.messages[0] ?? '')?.[1] ?? '')).toBe(TO);
});

it('enters the PIN once, and never again one that was refused', async () => {
  const { simulator, modem } = await stage({ sim: 'SIM PIN' }, { pin: '1234' });
  expect(await modem.send(TO, 'a')).toMatchObject({ outcome: 'accepted' });
  const wrong = await stage({ sim: 'SIM PIN' }, { pin: '9999' });
  for (let n = 0; n < 3; n++)
    expect(await wrong.modem.send(TO, 'a')).toMatchObject({ reason: { key: 'notice_sim_pin_wrong' } });
  expect(wrong.simulator.heard.filter((command) => command.startsWith('AT+CPIN='))).toHaveLength(1);
  expect(simulator.heard.filter((command) => command.startsWith('AT+CPIN='))).toHaveLength(1);
});

it.each([
  [{ sim: 'SIM PIN' }, 'notice_sim_pin'],
  [{ sim: 'SIM PUK' }, 'notice_sim_locked'],
  [{ sim: '+CME ERROR: 10' }, 'notice_sim_missing'],
  [{ registered: 3 }, 'notice_no_network'],
  [{ error: '+CMS ERROR: 331' }, 'notice_no_network'],
  [{ error: '+CMS ERROR: 1' }, 'notice_sms_refused'],
  [{ error: '+CMS ERROR: 512' }, 'notice_sms_failed'],
])('says what is wrong: %o is %s', async (habits, key) => {
  const { modem } = await stage(habits);
  expect(await modem.send(TO, 'a')).toMatchObject({ reason: { key } });
});

it('says that there is no modem, and uses it once it is plugged in', async () => {
  const { simulator, modem } = await stage();
  let isThere = false;
  const other = new Modem({
    ...{ device: simulator.device, baud: 115_200, mode: 'pdu', timers: systemTimers },
    open: (device, baud) => (isThere ? openSerial(device, baud) : openSerial('/dev/nothing-here', baud)),
  });
  onTestFinished(() => other.close());
  expect(await other.send(TO, 'a')).toMatchObject({
    outcome: 'later',
    reason: { key: 'notice_modem_missing' },
  });
  isThere = true;
  expect(await other.send(TO, 'a')).toMatchObject({ outcome: 'accepted' });
  modem.close();
});

it('waits for no modem for ever: one that is mute or unplugged is told', async () => {
  // Patience is over at once when the test says so.
  const waiting: (() => void)[] = [];
  const timers: Timers = {
    after(_, run) {
      waiting.push(run);
      return () => {};
    },
    every: () => () => {},
  };
  const { modem } = await stage({ mute: true }, { timers });
  const mute = modem.send(TO, 'a');
  let isOver = false;
  void mute.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise(setImmediate);
    for (const run of waiting.splice(0)) run();
  }
  expect(await mute).toMatchObject({ reason: { key: 'notice_modem_silent' } });

  const second = await stage({ mute: true }, { timers });
  const unplugged = second.modem.send(TO, 'a');
  while (waiting.length === 0) await new Promise(setImmediate);
  second.simulator.unplug();
  expect(await unplugged).toMatchObject({ reason: { key: 'notice_modem_missing' } });
});

it('by SMS it says the short text, whole parts of it only', async () => {
  const { simulator, channel } = await stage();
  await channel.send(message(TO), signal);
  const parts = simulator.messages.map((said) => decodedPdu(said.split(' ').at(-1) ?? ''));
  expect(parts.map(({ text }) => text).join('')).toBe(message(TO).short);
});

function fromUcs2(hex: string): string {
  return Buffer.from(hex, 'hex').swap16().toString('utf16le');
}
