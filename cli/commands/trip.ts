import { randomUUID } from "node:crypto";
import { Command } from "commander";
import { Trip } from "#gen/tripmesh/backend/v1/trip.ts";
import { callBackend } from "../client/call.ts";
import { edgeOf, type TargetFlags, withTarget } from "../client/target.ts";
import { tripLines } from "../output/trip-text.ts";
import type { CommandContext } from "./context.ts";
import { type RideFlags, toRide, withRide } from "./ride.ts";
import { tripWatchCommand } from "./trip-watch.ts";
import { tripWhyCommand } from "./trip-why.ts";

/** `mesh trip`: ask for a ride, look at it, watch it, ask why. */
export function tripCommand(context: CommandContext): Command {
  return new Command("trip")
    .description("request a ride, show it, watch it, ask why its estimate changed")
    .addCommand(requestCommand(context))
    .addCommand(showCommand(context))
    .addCommand(tripWatchCommand(context))
    .addCommand(tripWhyCommand(context));
}

function requestCommand(context: CommandContext): Command {
  return withTarget(withRide(new Command("request")))
    .description("request a ride")
    .option("--request-id <id>", "the same id again is the same trip (default: a new one)")
    .option("--json", "the trip as JSON")
    .addHelpText(
      "after",
      `
Examples:
  mesh trip request --from 74 --to 236
  mesh trip request --from 74 --to 236 --rider r1 --request-id monday-1`,
    )
    .action(async (flags: TargetFlags & RideFlags & { requestId?: string; json?: true }) => {
      const requestId = flags.requestId ?? randomUUID();
      const { trip } = await callBackend(targetOf(flags, context), (backend, options) =>
        backend.requestTrip({ requestId, ride: toRide(flags), eventTime: undefined }, options),
      );
      printTrip(trip, flags, context);
    });
}

function showCommand(context: CommandContext): Command {
  return withTarget(new Command("show"))
    .description("show a trip as it is now")
    .argument("<trip>", "its id")
    .option("--json", "the trip as JSON")
    .addHelpText("after", "\nExample:\n  mesh trip show 6f1b… --rider r1")
    .action(async (tripId: string, flags: TargetFlags & { json?: true }) => {
      const { trip } = await callBackend(targetOf(flags, context), (backend, options) =>
        backend.getTrip({ tripId }, options),
      );
      printTrip(trip, flags, context);
    });
}

function targetOf(flags: TargetFlags, context: CommandContext) {
  return { edge: edgeOf(flags, context), rider: flags.rider };
}

function printTrip(
  trip: Trip | undefined,
  flags: { json?: true },
  { print }: CommandContext,
): void {
  if (!trip) return;
  if (flags.json) print(JSON.stringify(Trip.toJSON(trip)));
  else for (const line of tripLines(trip)) print(line);
}
