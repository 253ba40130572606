import { MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";

/** What `open` gives; where it throws, its sentence in the log and exit code 1. A stack would help nobody. */
export function orExit<T>(log: Logger, open: () => T): T {
  try {
    return open();
  } catch (error) {
    log.fatal(MeshError.from(error).message);
    process.exit(1);
  }
}
