import { type Command, makeError } from '../../src/wire/megaco/index.js';

/** A command the gateway cannot obey: an error code of H.248.8. */
export class CommandError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** What a command that failed is answered with; anything but a {@link CommandError} is a fault of ours and goes on. */
export function failedCommand(command: Command, error: unknown): Command {
  if (!(error instanceof CommandError)) throw error;
  return {
    name: command.name,
    terminationId: command.terminationId,
    descriptors: [makeError(error.code, error.message)],
  };
}
