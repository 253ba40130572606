import { createHash } from "node:crypto";
import { Ride } from "#gen/tripmesh/backend/v1/ride.ts";
import { invalidArgument } from "#kit/rpc/errors.ts";
import type { CallContext } from "#kit/rpc/handlers.ts";

const name = /^[A-Za-z0-9._-]{1,128}$/;
export const nameRule = "must be 1 to 128 of A-Z a-z 0-9 . _ -";

/** The rider who calls, from the `x-rider-id` header. */
export function riderOf(context: CallContext): string {
  const rider = context.header("x-rider-id") ?? "";
  if (!name.test(rider)) throw invalidArgument([{ field: "x-rider-id", description: nameRule }]);
  return rider;
}

/** The rider's segment, from the `x-segment` header; empty when there is none. */
export function segmentOf(context: CallContext): string {
  const segment = context.header("x-segment") ?? "";
  if (segment !== "" && !name.test(segment)) {
    throw invalidArgument([{ field: "x-segment", description: nameRule }]);
  }
  return segment;
}

export function isName(value: string): boolean {
  return name.test(value);
}

/** The id of the trip that a rider's request makes: the same request, the same trip. */
export function tripIdOf(riderId: string, requestId: string): string {
  const digest = createHash("sha256").update(`${riderId}\n${requestId}`).digest("hex");
  return `t${digest.slice(0, 26)}`;
}

/** Tells whether a repeated request asks for the same ride. */
export function rideHash(ride: Ride): string {
  return createHash("sha256").update(Ride.encode(ride).finish()).digest("hex");
}
