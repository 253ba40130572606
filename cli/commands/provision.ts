import { JetStreamApiError } from "@nats-io/jetstream";
import { Command } from "commander";
import { provision } from "#kit/events/provision.ts";
import { connectToStream } from "../client/connect-to-stream.ts";
import { type StreamFlags, streamOf, withStreamTarget } from "../client/target.ts";
import { renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import { wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends StreamFlags {
  replicas: number;
  json?: true;
}

/** `mesh provision`: streams, durables and the bucket on any NATS; services have no right to make them. */
export function provisionCommand(context: CommandContext): Command {
  return withStreamTarget(new Command("provision"))
    .description("create or update the streams, durables and bucket on a NATS server")
    .option("--replicas <count>", "copies of each: 1, or 3 in a cluster", wholeNumber(1, 5), 1)
    .option("--json", "what was done, one object a line")
    .addHelpText(
      "after",
      `
mesh up does this by itself. Nothing is ever removed. The plan is kit/events/provision.ts.

Examples:
  mesh provision --nats nats://nats.example:4222 --nats-key operator.nk --replicas 3`,
    )
    .action(async (flags: Flags) => {
      const events = await connectToStream(streamOf(flags, context));
      try {
        const done = await provision(events, { replicas: flags.replicas }).catch(toProblem);
        if (flags.json) for (const step of done) context.print(JSON.stringify(step));
        else {
          const columns = ["", "kind", "name"].map((heading) => ({ heading }));
          const rows = done.map(({ action, kind, name }) => [action, kind, name]);
          for (const line of renderTable(columns, rows)) context.print(line);
        }
      } finally {
        await events.close();
      }
    });
}

/** What the server refuses is the caller's to put right: other copies, other rights. */
function toProblem(cause: unknown): never {
  if (!(cause instanceof JetStreamApiError)) throw cause;
  throw new Problem(`The event stream refuses: ${cause.message}.`, { cause });
}
