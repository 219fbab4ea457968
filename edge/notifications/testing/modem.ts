import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';

/** What the test wants of the modem; it may change on the way. */
export interface ModemHabits {
  /** READY, SIM PIN, SIM PUK, or an error such as '+CME ERROR: 10'. */
  sim: string;
  pin: string;
  /** Of +CREG. */
  registered: number;
  signal: number;
  /** Commands are repeated, as V.250 has it until ATE0. */
  echo: boolean;
  /** Of +CMGS; undefined: accepted. */
  error: string | undefined;
  /** Says things of its own in between. */
  chatty: boolean;
  mute: boolean;
}

/**
 * A modem on a pseudo-terminal that speaks AT. The pair of terminals is made by `script` of util-linux, which every Debian has: what
 * the modem says goes into its input, what it hears comes out of it.
 */
export async function modemSimulator(habits: Partial<ModemHabits> = {}) {
  const state: ModemHabits = {
    ...{
      sim: 'READY',
      pin: '1234',
      registered: 1,
      signal: 18,
      echo: true,
      error: undefined,
      chatty: false,
      mute: false,
    },
    ...habits,
  };
  const heard: string[] = [];
  const messages: string[] = [];
  const script = spawn('script', ['-q', '-f', '-c', 'tty; exec sleep 100000', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  script.on('error', () => {});
  script.stdin.on('error', () => {});
  const unplug = () => {
    if (script.pid === undefined || script.exitCode !== null || script.signalCode !== null) return;
    // The whole group, `sleep` too: no terminal stays open.
    process.kill(-script.pid, 'SIGKILL');
  };
  onTestFinished(unplug);
  script.stdout.setEncoding('latin1');
  let buffer = '';
  let prompt: string | undefined;
  const device = Promise.withResolvers<string>();
  let isReady = false;
  const say = (text: string) => void script.stdin.write(text, 'latin1');
  const line = (text: string) => say(`\r\n${text}\r\n`);
  let reference = 40;

  const answer = (command: string) => {
    heard.push(command);
    if (state.echo) say(`${command}\r`);
    if (state.chatty) line('+CMTI: "SM",3');
    if (command.includes('ATE0')) state.echo = false;
    if (command.startsWith('AT+CPIN=')) return enterPin(command);
    if (command === 'AT+CPIN?') {
      if (state.sim.startsWith('+')) return line(state.sim);
      line(`+CPIN: ${state.sim}`);
    }
    if (command === 'AT+CSQ') line(`+CSQ: ${state.signal},99`);
    if (command === 'AT+CREG?') line(`+CREG: 0,${state.registered}`);
    if (command === 'AT+CEREG?') return line('+CME ERROR: 4');
    if (command.startsWith('AT+CMGS=')) {
      prompt = command;
      return say('\r\n> ');
    }
    if (state.chatty) line('RING');
    line('OK');
  };

  const enterPin = (command: string) => {
    if (command !== `AT+CPIN="${state.pin}"`) return line('+CME ERROR: 16');
    state.sim = 'READY';
    line('OK');
  };

  const take = (text: string) => {
    if (state.mute) return;
    buffer += text;
    for (;;) {
      const end = prompt === undefined ? buffer.indexOf('\r') : endOfText(buffer);
      if (end < 0) return;
      const said = buffer.slice(0, end).replaceAll('\x1b', '').trim();
      const isGivenUp = buffer[end] === '\x1b';
      buffer = buffer.slice(end + 1);
      if (prompt === undefined) {
        if (said !== '') answer(said);
        continue;
      }
      if (!isGivenUp) messages.push(`${prompt} ${said}`);
      prompt = undefined;
      if (isGivenUp) {
        line('OK');
        continue;
      }
      if (state.chatty) line('^RSSI:18');
      if (state.error !== undefined) line(state.error);
      else {
        line(`+CMGS: ${++reference}`);
        line('OK');
      }
    }
  };

  script.stdout.on('data', (text: string) => {
    if (isReady) return take(text);
    buffer += text;
    const end = buffer.indexOf('\n');
    if (end < 0) return;
    isReady = true;
    device.resolve(buffer.slice(0, end).trim());
    buffer = '';
  });
  return { device: await device.promise, state, heard, messages, unplug };
}

/** Ctrl-Z ends a text, Escape gives it up. */
function endOfText(buffer: string): number {
  const ends = ['\x1a', '\x1b'].map((end) => buffer.indexOf(end)).filter((at) => at >= 0);
  return ends.length === 0 ? -1 : Math.min(...ends);
}
