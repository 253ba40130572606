import { TripUpdate, type TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";

/** What a reader of one trip was told: every update in order, and how the stream ended. */
export interface Told {
  readonly updates: readonly TripUpdate[];
  readonly ended: boolean;
}

/** Reads a trip's updates from the edge until the stream ends. */
export async function followUpdates(
  edge: string,
  trip: { readonly tripId: string; readonly riderId: string },
  via: "direct" | "backend",
  signal: AbortSignal,
): Promise<Told> {
  const response = await fetch(`http://${edge}/v1/trips/${trip.tripId}/updates?via=${via}`, {
    headers: { "x-rider-id": trip.riderId },
    signal,
  });
  if (!response.ok || !response.body)
    throw new Error(`${response.status} ${await response.text()}`);
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk;
  const frames = text.split("\n\n").filter((frame) => frame.includes("event:"));
  return {
    updates: frames.filter((frame) => frame.includes("event: update")).map(toUpdate),
    ended: frames.at(-1)?.includes("event: end") ?? false,
  };
}

function toUpdate(frame: string): TripUpdate {
  const data = /^data: (.*)$/m.exec(frame)?.[1] ?? "null";
  return TripUpdate.fromJSON(JSON.parse(data));
}

/** The last value of each kind, for comparing what two readers know in the end; each way has its own spans. */
export function lastOfKinds(updates: readonly TripUpdate[]): Map<TripUpdateKind, TripUpdate> {
  const last = new Map<TripUpdateKind, TripUpdate>();
  for (const update of updates) {
    const isNewer = update.seq > (last.get(update.kind)?.seq ?? 0);
    if (isNewer) last.set(update.kind, { ...update, traceparent: "" });
  }
  return last;
}
