import type { Timers } from '../../irrigation/timers.ts';
import { later, type Outcome } from '../channels/channel.ts';
import { type AtAnswer, AtLine } from './at.ts';
import { cmsOutcome } from './cms.ts';
import { type Pdu, submitPdus, ucs2Hex } from './pdu.ts';
import type { OpenPort } from './port.ts';

interface ModemOptions {
  readonly device: string;
  readonly baud: number;
  readonly mode: 'pdu' | 'text';
  readonly pin?: string | undefined;
  readonly open: OpenPort;
  readonly timers: Timers;
}

/** How the modem was when it was last asked. */
export interface ModemState {
  /** dBm; null: not known. */
  readonly signalDbm: number | null;
  /** Registered in a network, at home or roaming. */
  readonly isRegistered: boolean;
}

const PATIENCE_MS = 5_000;
/** A network takes its time; TS 27.005 names no limit, modems up to a minute. */
const SUBMIT_MS = 90_000;
/** Text mode has no parts that belong together: each is a message of its own. */
const TEXT_UNITS = 70;
const MOST_TEXTS = 4;

/**
 * A GSM modem that sends SMS. Each message begins by making sure of the modem: it may have been unplugged, have lost its network or
 * have been started anew since. A PIN that the SIM refuses is never said again: the third time would lock it.
 */
export class Modem {
  readonly #options: ModemOptions;
  #line: AtLine | undefined;
  #isPinRefused = false;
  #reference = 0;
  #state: ModemState | undefined;

  constructor(options: ModemOptions) {
    this.#options = options;
  }

  get state(): ModemState | undefined {
    return this.#state;
  }

  /** `reference` of the first part is what the network calls it. */
  async send(to: string, text: string): Promise<Outcome> {
    const problem = await this.ready();
    if (problem !== undefined) return problem;
    return this.#options.mode === 'pdu' ? this.#sendPdus(to, text) : this.#sendTexts(to, text);
  }

  close(): void {
    this.#line?.close();
    this.#line = undefined;
  }

  /** Makes sure of modem, SIM and network; undefined: it can send. */
  async ready(): Promise<Outcome | undefined> {
    const { device, baud, open, timers } = this.#options;
    if (this.#line === undefined || this.#line.isGone) {
      try {
        this.#line = new AtLine(await open(device, baud), timers);
      } catch {
        return later('notice_modem_missing', { device });
      }
    }
    // Escape: out of a prompt that an earlier message may have left.
    const roused = await this.#ask('\x1bAT');
    const awake = roused.end === 'ok' ? roused : await this.#ask('AT');
    if (awake.end !== 'ok') return this.#failed(awake);
    await this.#ask('ATE0');
    // Errors as numbers.
    await this.#ask('AT+CMEE=1');
    const locked = await this.#unlock();
    if (locked !== undefined) return locked;
    const registered = await this.#look();
    if (!registered) return later('notice_no_network', { code: 0 });
    const format = await this.#ask(`AT+CMGF=${this.#options.mode === 'pdu' ? 0 : 1}`);
    return format.end === 'ok' ? undefined : this.#failed(format);
  }

  async #unlock(): Promise<Outcome | undefined> {
    const asked = await this.#ask('AT+CPIN?');
    if (asked.end === 'error') return asked.code === 10 ? later('notice_sim_missing') : this.#failed(asked);
    if (asked.end !== 'ok') return this.#failed(asked);
    const said = asked.lines.find((line) => line.startsWith('+CPIN:')) ?? '';
    if (said.endsWith('READY')) return undefined;
    if (!said.endsWith('SIM PIN')) return later('notice_sim_locked');
    const { pin } = this.#options;
    if (pin === undefined) return later('notice_sim_pin');
    if (this.#isPinRefused) return later('notice_sim_pin_wrong');
    const entered = await this.#ask(`AT+CPIN="${pin}"`, SUBMIT_MS);
    if (entered.end === 'ok') return undefined;
    if (entered.end !== 'error') return this.#failed(entered);
    this.#isPinRefused = true;
    return later('notice_sim_pin_wrong');
  }

  /** Signal and network; whether it is registered. */
  async #look(): Promise<boolean> {
    const signal = figures(await this.#ask('AT+CSQ'), '+CSQ:')[0];
    // 3GPP TS 27.007, 8.5: 0 is -113 dBm or less, each step 2 dB, 99 not known.
    const signalDbm = signal === undefined || signal > 31 ? null : -113 + 2 * signal;
    const networks = [
      figures(await this.#ask('AT+CREG?'), '+CREG:'),
      figures(await this.#ask('AT+CEREG?'), '+CEREG:'),
    ];
    const isRegistered = networks.some(
      ([, status]) => status === 1 || status === 5 || status === 6 || status === 7,
    );
    this.#state = { signalDbm, isRegistered };
    return isRegistered;
  }

  async #sendPdus(to: string, text: string): Promise<Outcome> {
    this.#reference = (this.#reference + 1) % 256;
    let first: string | undefined;
    for (const pdu of submitPdus(to, text, this.#reference)) {
      const said = await this.#submit(`AT+CMGS=${pdu.length}`, pdu);
      if ('outcome' in said) return said;
      first ??= said.reference;
    }
    return { outcome: 'accepted', ...(first === undefined ? {} : { reference: first }) };
  }

  async #sendTexts(to: string, text: string): Promise<Outcome> {
    // UCS-2 for number and text, and a message in it that stays six hours with the network (TS 27.005, 3.1).
    for (const command of ['AT+CSCS="UCS2"', 'AT+CSMP=17,71,0,8']) {
      const said = await this.#ask(command);
      if (said.end !== 'ok') return this.#failed(said);
    }
    let first: string | undefined;
    for (const piece of pieces(text)) {
      const said = await this.#submit(`AT+CMGS="${ucs2Hex(to)}"`, { hex: ucs2Hex(piece), length: 0 });
      if ('outcome' in said) return said;
      first ??= said.reference;
    }
    return { outcome: 'accepted', ...(first === undefined ? {} : { reference: first }) };
  }

  async #submit(command: string, { hex }: Pdu): Promise<{ reference: string } | Outcome> {
    const prompted = await this.#ask(command);
    if (prompted.end !== 'prompt') return this.#failed(prompted);
    const line = this.#line;
    if (line === undefined) return this.#failed({ end: 'gone' });
    const said = await line.ask(`${hex}\x1a`, SUBMIT_MS);
    if (said.end !== 'ok') return this.#failed(said);
    return { reference: String(figures(said, '+CMGS:')[0] ?? '') };
  }

  async #ask(command: string, patienceMs = PATIENCE_MS): Promise<AtAnswer> {
    return this.#line === undefined ? { end: 'gone' } : this.#line.ask(`${command}\r`, patienceMs);
  }

  #failed(answer: AtAnswer): Outcome {
    const { device } = this.#options;
    if (answer.end === 'error') {
      if (answer.kind === 'cms') return cmsOutcome(answer.code ?? 500);
      return answer.kind === 'cme' && answer.code === 10
        ? later('notice_sim_missing')
        : later('notice_sms_failed', { code: answer.code ?? 500 });
    }
    return this.#lost(
      later(answer.end === 'gone' ? 'notice_modem_missing' : 'notice_modem_silent', { device }),
    );
  }

  /** The line is opened anew next time. */
  #lost(outcome: Outcome): Outcome {
    this.close();
    return outcome;
  }
}

/** '+CSQ: 18,99' → [18, 99] */
function figures(answer: AtAnswer, name: string): number[] {
  if (answer.end !== 'ok') return [];
  // '+CREG: 1' alone is no answer, but what the modem says of its own when it has found a network.
  const least = name.endsWith('REG:') ? /,/ : /\d/;
  const line = answer.lines.find((one) => one.startsWith(name) && least.test(one));
  return line === undefined ? [] : line.slice(name.length).split(',').map(Number);
}

/** '1/3 …', for phones that cannot know what belongs together. */
function pieces(text: string): string[] {
  if (text.length <= TEXT_UNITS) return [text];
  const room = TEXT_UNITS - 4;
  const count = Math.min(MOST_TEXTS, Math.ceil(text.length / room));
  return Array.from({ length: count }, (_, n) => `${n + 1}/${count} ${text.slice(n * room, (n + 1) * room)}`);
}
