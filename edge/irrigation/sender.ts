import type { ValveCommand } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Command } from '../actuators/index.ts';
import type { SourceWiring } from './source-wiring.ts';
import type { PartName, SourceAction } from './sources/state.ts';
import type { DrivenZone } from './zones.ts';

interface SenderOptions {
  readonly publish: (topic: string, payload: string) => Promise<void>;
  readonly clock: { nowMs(): number };
  /** Unique to this start of the gateway. */
  readonly idPrefix: string;
  readonly sources: SourceWiring;
  readonly logger: Logger;
}

/** Tells valves, pumps and master valves what the controller wants, each in the words of its family. */
export class Sender {
  readonly #options: SenderOptions;
  #issued = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  command({ zone, actuator }: DrivenZone, command: ValveCommand): void {
    const wish = { commandId: command.id, atMs: this.#options.clock.nowMs() };
    this.#sendTo(zone.id, () =>
      command.action === 'close'
        ? actuator.close(wish)
        : actuator.open({ ...wish, durationSeconds: command.durationSeconds }),
    );
  }

  part(action: Extract<SourceAction, { kind: 'part_command' }>): void {
    const { sources, clock } = this.#options;
    this.#sendTo(action.source, () => sources.commands(action, clock.nowMs()));
  }

  /** Sets the valve's own cut-off, behind the closing that a start and a return begin with. */
  provision({ zone, actuator }: DrivenZone): void {
    const wish = { commandId: this.#nextId(), atMs: this.#options.clock.nowMs() };
    this.#sendTo(zone.id, () => actuator.provision({ ...wish, limitSeconds: zone.maxRunSeconds }));
  }

  provisionPart(source: string, part: PartName): void {
    const { sources, clock } = this.#options;
    this.#sendTo(source, () => sources.provision(source, part, this.#nextId(), clock.nowMs()));
  }

  /** Stops every pump and closes these valves; resolves when that is sent, or cannot be. */
  async closeAll(open: readonly DrivenZone[]): Promise<void> {
    const { idPrefix, sources, clock } = this.#options;
    const atMs = clock.nowMs();
    const parts = sources.parts.flatMap(({ source, part }) => {
      const command = { id: `${idPrefix}-stop-${source}-${part}`, action: 'close' } as const;
      return this.#send(sources.commands({ kind: 'part_command', source, part, command }, atMs));
    });
    const valves = open.flatMap(({ zone, actuator }) =>
      this.#send(actuator.close({ commandId: `${idPrefix}-stop-${zone.id}`, atMs })),
    );
    await Promise.allSettled([...parts, ...valves]);
  }

  #nextId(): string {
    return `${this.#options.idPrefix}-provision-${++this.#issued}`;
  }

  /** Not sent is the same as not answered: the controller repeats. */
  #sendTo(name: string, commandsOf: () => readonly Command[]): void {
    const failed = (error: unknown) =>
      this.#options.logger.warn({ err: error, to: name }, 'command was not sent');
    try {
      for (const sent of this.#send(commandsOf())) sent.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #send(commands: readonly Command[]): Promise<void>[] {
    return commands.map(({ topic, payload }) => this.#options.publish(topic, payload));
  }
}
