import { Command } from "commander";
import { batchCommand } from "./commands/batch.ts";
import type { CommandContext } from "./commands/context.ts";
import { deadLettersCommand } from "./commands/dead-letters.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eventsCommand } from "./commands/events.ts";
import { keysCommand } from "./commands/keys.ts";
import { modelsCommand } from "./commands/models.ts";
import { provisionCommand } from "./commands/provision.ts";
import { quoteCommand } from "./commands/quote.ts";
import { rolloutCommand } from "./commands/rollout.ts";
import { trafficCommand } from "./commands/traffic.ts";
import { trainCommand } from "./commands/train.ts";
import { tripCommand } from "./commands/trip.ts";
import { upCommand } from "./commands/up.ts";

/** The `mesh` command with all that it can do. */
export function createProgram(context: CommandContext): Command {
  return new Command("mesh")
    .description("Runs the prediction mesh and talks to it.")
    .showHelpAfterError("Try --help.")
    .addCommand(upCommand(context))
    .addCommand(doctorCommand(context))
    .addCommand(quoteCommand(context))
    .addCommand(tripCommand(context))
    .addCommand(modelsCommand(context))
    .addCommand(trainCommand(context))
    .addCommand(trafficCommand(context))
    .addCommand(eventsCommand(context))
    .addCommand(deadLettersCommand(context))
    .addCommand(provisionCommand(context))
    .addCommand(keysCommand(context))
    .addCommand(rolloutCommand(context))
    .addCommand(batchCommand(context))
    .addHelpText("after", "\nExit codes: 0 done, 1 it failed, 2 it was called the wrong way.");
}
