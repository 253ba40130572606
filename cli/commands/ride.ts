import { type Command, InvalidArgumentError } from "commander";
import type { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { fromNewYork } from "../client/new-york.ts";

/** A ride as options say it. What it may be is for Backend to judge, so that everybody hears the same. */
export interface RideFlags {
  from: number;
  to: number;
  at?: Date;
  miles?: number;
  passengers?: number;
}

/** Adds the options that make a ride. */
export function withRide(command: Command): Command {
  return command
    .requiredOption("--from <zone>", "TLC zone where the ride starts", number)
    .requiredOption("--to <zone>", "TLC zone where it ends", number)
    .option("--at <time>", "pickup on New York's clock, 2021-02-01T08:15 (default: now)", newYork)
    .option("--miles <distance>", "length of the route", number)
    .option("--passengers <count>", "how many ride", number);
}

/** The ride that the options say. */
export function toRide(flags: RideFlags): Ride {
  return {
    pickupZone: flags.from,
    dropoffZone: flags.to,
    pickupTime: flags.at,
    passengerCount: flags.passengers,
    tripDistanceMiles: flags.miles,
  };
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new InvalidArgumentError("It must be a number.");
  return value;
}

function newYork(text: string): Date {
  const time = fromNewYork(text);
  if (!time) throw new InvalidArgumentError("It must be a time like 2021-02-01T08:15.");
  return time;
}
