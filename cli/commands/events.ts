import { Command } from "commander";
import { tailEvents } from "../client/tail-events.ts";
import { type StreamFlags, streamOf, withStreamTarget } from "../client/target.ts";
import { eventLine } from "../output/event-text.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends StreamFlags {
  trip?: string;
  json?: true;
}

/** `mesh events`: the event stream, as it flows. */
export function eventsCommand(context: CommandContext): Command {
  return new Command("events").description("look at the event stream").addCommand(tail(context));
}

function tail(context: CommandContext): Command {
  return withStreamTarget(new Command("tail"))
    .description("print events and predictions as they are stored, until Ctrl-C")
    .option("--trip <id>", "of one trip only, from its first event on")
    .option("--json", "one JSON object a line, with the whole message")
    .addHelpText(
      "after",
      `
Examples:
  mesh events tail
  mesh events tail --trip 6f1b… --json | jq .subject`,
    )
    .action(async (flags: Flags) => {
      const { signals } = context;
      const stream = streamOf(flags, context);
      for await (const event of tailEvents({ stream, trip: flags.trip, signals })) {
        context.print(flags.json ? JSON.stringify(event) : eventLine(event));
      }
    });
}
