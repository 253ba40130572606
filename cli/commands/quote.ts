import { Command } from "commander";
import { QuoteResponse } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { callBackend } from "../client/call.ts";
import { edgeOf, type TargetFlags, withTarget } from "../client/target.ts";
import { estimateLines } from "../output/trip-text.ts";
import type { CommandContext } from "./context.ts";
import { type RideFlags, toRide, withRide } from "./ride.ts";

/** `mesh quote`: duration, interval and price of a ride, without asking for it. */
export function quoteCommand(context: CommandContext): Command {
  return withTarget(withRide(new Command("quote")))
    .description("ask what a ride would take and cost")
    .option("--json", "the answer as JSON")
    .addHelpText(
      "after",
      `
Examples:
  mesh quote --from 74 --to 236
  mesh quote --from 74 --to 236 --at 2021-02-01T08:15 --miles 2.1
  mesh quote --from 74 --to 236 --json | jq .estimate.price`,
    )
    .action(async (flags: TargetFlags & RideFlags & { json?: true }) => {
      const target = { edge: edgeOf(flags, context), rider: flags.rider };
      const answer = await callBackend(target, (backend, options) =>
        backend.quote({ ride: toRide(flags) }, options),
      );
      if (flags.json) return context.print(JSON.stringify(QuoteResponse.toJSON(answer)));
      if (!answer.estimate) return;
      for (const line of estimateLines(answer.estimate)) context.print(line);
    });
}
