import type { SignalSource } from "../up/stop-signals.ts";

/** What every command is given: the world outside. */
export interface CommandContext {
  /** The repository. */
  readonly root: string;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: NodeJS.WriteStream;
  readonly signals: SignalSource;
  /** Prints a line of the answer. */
  readonly print: (line: string) => void;
}
