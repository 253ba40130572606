import { Command } from "commander";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { edgeOf, type TargetFlags, withTarget } from "../client/target.ts";
import { watchByBackend, watchDirectly } from "../client/watch-trip.ts";
import { updateCells } from "../output/trip-text.ts";
import { oneOf } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends TargetFlags {
  via: "direct" | "backend";
  json?: true;
}

/** `mesh trip watch`: what a rider sees, until the trip has ended. */
export function tripWatchCommand(context: CommandContext): Command {
  return withTarget(new Command("watch"))
    .description("watch a trip's corrections arrive until it ends")
    .argument("<trip>", "its id")
    .option(
      "--via <way>",
      "`direct`: from the event stream, by the gateway; `backend`: by WatchTrip",
      oneOf("direct", "backend"),
      "direct",
    )
    .option("--json", "each update as JSON")
    .addHelpText(
      "after",
      `
Examples:
  mesh trip watch 6f1b… --rider r1
  mesh trip watch 6f1b… --rider r1 --via backend --json`,
    )
    .action(async (tripId: string, flags: Flags) => {
      const target = { edge: edgeOf(flags, context), rider: flags.rider };
      const watch = flags.via === "direct" ? watchDirectly : watchByBackend;
      for await (const update of watch(target, tripId)) {
        if (flags.json) context.print(JSON.stringify(TripUpdate.toJSON(update)));
        else context.print(updateLine(update));
      }
    });
}

/** Rows come one by one, so their widths are fixed. */
function updateLine(update: TripUpdate): string {
  const [seq = "", kind = "", value = "", said = ""] = updateCells(update);
  return `${seq.padStart(4)}  ${kind.padEnd(8)}  ${value.padEnd(36)}  ${said}`.trimEnd();
}
