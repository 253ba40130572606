import { InvalidArgumentError } from "commander";
import { type Slot, slots, TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { parseTimeSpan } from "../up/time-span.ts";

// Readers of option values: what they refuse, commander reports as a wrong use, with exit code 2.

/** A whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= minimum && value <= maximum) {
      return value;
    }
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** A number within bounds. */
export function number(minimum: number, maximum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`);
  };
}

/** Simulated seconds a second, or as fast as the mesh answers. */
export function speed(text: string): number | "max" {
  if (text === "max") return text;
  const value = Number(text);
  if (value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError("It must be a number above 0, at most 1000000, or max.");
}

/** Milliseconds of `90s`, `5m` or `1h30m`. */
export function timeSpan(text: string): number {
  const ms = parseTimeSpan(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("It must be a time like 90s, 5m or 1h30m.");
}

/** A span of whole units as nats-server reads it, such as `1s`, or `always`. */
export function syncInterval(text: string): string {
  if (text === "always" || /^[1-9]\d*(ms|s|m)$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a time like 500ms, 1s or 2m, or always.");
}

/** `host:port`. */
export function address(text: string): string {
  if (/^[^:\s/]+:\d{1,5}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be host:port, for example 127.0.0.1:8080.");
}

/** One of a few words. */
export function oneOf<T extends string>(...words: readonly T[]) {
  return (text: string): T => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`It must be ${words.join(" or ")}.`);
  };
}

/** `postgres://…`. */
export function postgresUrl(text: string): string {
  if (/^postgres(ql)?:\/\/./.test(text)) return text;
  throw new InvalidArgumentError("It must be postgres://user:password@host:port/database.");
}

/** Basis points of a share such as `5%` or `0.5%`. */
export function share(text: string): number {
  const percent = /^(\d+(?:\.\d{1,2})?)%$/.exec(text)?.[1];
  const basisPoints = Math.round(Number(percent) * 100);
  if (percent !== undefined && basisPoints <= TOTAL_WEIGHT) return basisPoints;
  throw new InvalidArgumentError("It must be a share like 5% or 0.5%, at most 100%.");
}

/** `green=100%`, added to those given before. */
export function slotShare(text: string, before: Partial<Record<Slot, number>> = {}) {
  const [name, amount = ""] = text.split("=", 2);
  const slot = slots.find((known) => known === name);
  if (slot !== undefined) return { ...before, [slot]: share(amount) };
  throw new InvalidArgumentError("It must be blue=SHARE or green=SHARE, for example green=100%.");
}
