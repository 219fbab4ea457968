import type { Timers } from '../../irrigation/timers.ts';
import type { Port } from './port.ts';

/** The modem's last word to a command. */
export type AtAnswer =
  | { readonly end: 'ok'; readonly lines: readonly string[] }
  /** `code`: of +CMS ERROR or +CME ERROR; absent: a plain ERROR. */
  | { readonly end: 'error'; readonly kind: 'cms' | 'cme' | 'plain'; readonly code?: number }
  /** It waits for a message's text. */
  | { readonly end: 'prompt' }
  | { readonly end: 'silent' }
  | { readonly end: 'gone' };

/** More than any answer of a modem: what does not end is none. */
const MOST_CHARACTERS = 8_192;

/**
 * AT commands (3GPP TS 27.007, 27.005; V.250) over a line: one at a time, each with its last word. What the modem says in between
 * of its own (RING, +CMTI …) and the echo of what we have said are passed over.
 */
export class AtLine {
  readonly #port: Port;
  readonly #timers: Timers;
  #buffer = '';
  #lines: string[] = [];
  #sent = '';
  #settle: ((answer: AtAnswer) => void) | undefined;
  #isGone = false;

  constructor(port: Port, timers: Timers) {
    this.#port = port;
    this.#timers = timers;
    port.onData((text) => this.#take(text));
    port.onEnd(() => {
      this.#isGone = true;
      this.#settle?.({ end: 'gone' });
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** `text` ends with what the modem takes for its end: '\r', or Ctrl-Z after a prompt. */
  ask(text: string, patienceMs: number): Promise<AtAnswer> {
    if (this.#isGone) return Promise.resolve({ end: 'gone' });
    if (this.#settle !== undefined) throw new Error('one command at a time');
    this.#buffer = '';
    this.#lines = [];
    this.#sent = text.slice(0, -1);
    const { promise, resolve } = Promise.withResolvers<AtAnswer>();
    const cancel = this.#timers.after(patienceMs, () => this.#settle?.({ end: 'silent' }));
    this.#settle = (answer) => {
      cancel();
      this.#settle = undefined;
      resolve(answer);
    };
    this.#port.write(text);
    return promise;
  }

  close(): void {
    this.#port.close();
    this.#settle?.({ end: 'gone' });
    this.#isGone = true;
  }

  #take(text: string): void {
    // Nobody has asked: whatever it says is of its own.
    if (this.#settle === undefined) return;
    this.#buffer = (this.#buffer + text).slice(-MOST_CHARACTERS);
    for (;;) {
      const end = this.#buffer.search(/[\r\n]/);
      if (end < 0) break;
      const line = this.#buffer.slice(0, end).trim();
      this.#buffer = this.#buffer.slice(end + 1);
      if (line !== '') this.#line(line);
      if (this.#settle === undefined) return;
    }
    if (/^>\s?$/.test(this.#buffer)) this.#settle({ end: 'prompt' });
  }

  #line(line: string): void {
    // Echo: of the command, or of what followed the prompt.
    if (line === this.#sent || line === `> ${this.#sent}`) return;
    const error = /^\+(CM[SE]) ERROR: (\d+)/.exec(line);
    if (line === 'OK') this.#settle?.({ end: 'ok', lines: this.#lines });
    else if (error)
      this.#settle?.({ end: 'error', kind: error[1] === 'CMS' ? 'cms' : 'cme', code: Number(error[2]) });
    else if (line === 'ERROR' || (line.startsWith('+CM') && line.includes(' ERROR')))
      this.#settle?.({ end: 'error', kind: 'plain' });
    else this.#lines.push(line);
  }
}
