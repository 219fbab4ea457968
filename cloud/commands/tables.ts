import type { CommandStep } from '@nongtin/broker/wire';

/**
 * Where a command is. `waiting`: its gateway has not been there. `sent`: handed to its connection. The gateway's own words
 * follow. Ours are `withdrawn` and `expired` (never sent), and `unanswered` (sent, and no word came in time): that one
 * gives way to whatever the gateway says later.
 */
export type CommandState = 'waiting' | 'sent' | CommandStep | 'unanswered' | 'withdrawn';

export interface CommandTables {
  remote_commands: {
    command_id: string;
    gateway_id: string;
    /** JSON of the RemoteCommand, as it is sent. */
    body: string;
    issued_by_email: string;
    issued_at_ms: number;
    expires_at_ms: number;
    state: CommandState;
    sends: number;
    sent_at_ms: number | null;
  };
  remote_command_steps: {
    command_id: string;
    step: CommandStep;
    /** JSON of the CommandOutcome. */
    outcome: string;
    /** By the gateway's clock. */
    at_ms: number;
    /** By ours; null: it came with the journal alone. */
    received_at_ms: number | null;
    /** The signed entry that says the same; null: not yet, or it was refused before it was recorded. */
    entry_number: number | null;
  };
  /** Gateways that are there, in a cloud of several processes. */
  gateways_ready: { gateway_id: string; connection: string; clock_trusted: boolean };
}
