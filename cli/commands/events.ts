import { Command } from "commander";
import { tailEvents } from "../client/tail-events.ts";
import { natsOf } from "../client/target.ts";
import { eventLine } from "../output/event-text.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  trip?: string;
  nats?: string;
  dataDir?: string;
  json?: true;
}

/** `mesh events`: the event stream, as it flows. */
export function eventsCommand(context: CommandContext): Command {
  return new Command("events").description("look at the event stream").addCommand(tail(context));
}

function tail(context: CommandContext): Command {
  return new Command("tail")
    .description("print events and predictions as they are stored, until Ctrl-C")
    .option("--trip <id>", "of one trip only, from its first event on")
    .option("--nats <url>", "the event stream (default: the running mesh's)")
    .option("--data-dir <path>", "of the running mesh (default: .mesh)")
    .option("--json", "one JSON object a line, with the whole message")
    .addHelpText(
      "after",
      `
Examples:
  mesh events tail
  mesh events tail --trip 6f1b… --json | jq .subject`,
    )
    .action(async (flags: Flags) => {
      const url = natsOf(flags, context);
      for await (const event of tailEvents({ url, trip: flags.trip, signals: context.signals })) {
        context.print(flags.json ? JSON.stringify(event) : eventLine(event));
      }
    });
}
