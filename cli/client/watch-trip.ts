import { setTimeout as sleep } from "node:timers/promises";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { createClient } from "#kit/rpc/client.ts";
import { Problem } from "../problem.ts";
import { type CallTarget, explain } from "./call.ts";
import { readEvents } from "./server-sent-events.ts";

/** A ride takes hours at most; a stream that is open longer is a forgotten one. */
const LONGEST_MS = 24 * 3_600_000;

/** How often a broken stream is taken up again before giving up. */
const RESUMES = 10;

/** A trip's updates by `WatchTrip`, from the last values on, until the trip has ended. */
export async function* watchByBackend(
  { edge, rider }: CallTarget,
  tripId: string,
): AsyncGenerator<TripUpdate> {
  const backend = createClient(BackendServiceDefinition, edge);
  const options = { timeoutMs: LONGEST_MS, headers: { "x-rider-id": rider } };
  try {
    for await (const { update } of backend.watchTrip({ tripId }, options)) {
      if (update) yield update;
    }
  } catch (cause) {
    throw explain(cause, edge);
  } finally {
    backend.close();
  }
}

/** The same as server-sent events; a broken stream is taken up where it broke. */
export async function* watchDirectly(
  { edge, rider }: CallTarget,
  tripId: string,
): AsyncGenerator<TripUpdate> {
  const url = `http://${edge}/v1/trips/${encodeURIComponent(tripId)}/updates?via=direct`;
  let last = "";
  for (let attempt = 0; attempt <= RESUMES; attempt++) {
    const response = await fetch(url, {
      headers: { "x-rider-id": rider, ...(last === "" ? {} : { "last-event-id": last }) },
    }).catch((cause: unknown) => {
      if (last !== "") return undefined; // it was there a moment ago: try again
      throw new Problem(
        `No mesh answers at ${edge}: start one with mesh up, or name it with --edge.`,
        { cause },
      );
    });
    if (response && !response.ok) throw await toProblem(response);
    try {
      for await (const { event, id, data } of readEvents(response?.body ?? emptyBody())) {
        if (event === "end") return;
        last = id;
        yield TripUpdate.fromJSON(JSON.parse(data));
      }
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause; // fetch's word for a broken connection
    }
    await sleep(1_000);
  }
  throw new Problem(`The updates of ${tripId} broke off ${RESUMES} times: is the mesh stopping?`);
}

async function toProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const { message } = JSON.parse(text) as { message?: string };
    if (message) return new Problem(message);
  } catch {
    // not the mesh's own error: told by its number
  }
  return new Problem(`The edge answered ${response.status}.`);
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}
