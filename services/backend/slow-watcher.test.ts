// Callers of WatchTrip that do not read, against a real Backend process.
import { connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WatchTripRequest } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import { prediction } from "../../gateway/gateway-under-test.ts";
import { type Processes, residentMb, startProcesses } from "../../gateway/processes-under-test.ts";
import { until } from "../../test/harness/until.ts";

const WATCHERS = 100;
const UPDATES = 600;
const UPDATE_BYTES = 16 * 1024;
const UNBOUNDED_MB = (WATCHERS * UPDATES * UPDATE_BYTES) / 2 ** 20; // what waits if nothing is dropped

let processes: Processes;
beforeAll(async () => {
  processes = await startProcesses();
});
afterAll(() => processes.stop());

/** Opens WatchTrip calls with small windows; nothing is read until `read`. */
function openWatches(address: string, tripId: string, riderId: string) {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 1024 } });
  const body = WatchTripRequest.encode({ tripId }).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  const streams = Array.from({ length: WATCHERS }, () => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/tripmesh.backend.v1.BackendService/WatchTrip",
      "content-type": "application/grpc",
      te: "trailers",
      "x-rider-id": riderId,
    });
    stream.end(Buffer.concat([head, body]));
    return stream;
  });
  let answered = 0;
  for (const stream of streams) stream.once("response", () => answered++);
  return {
    answered: () => answered,
    /** Reads all of them to their end; gives back what each has sent. */
    read: () =>
      Promise.all(
        streams.map(async (stream) => {
          let bytes = 0;
          for await (const chunk of stream) bytes += (chunk as Buffer).length;
          return bytes;
        }),
      ),
    close: () => session.destroy(),
  };
}

test("callers that do not read cost a bounded amount of memory, and nobody else anything", async () => {
  const [trip] = await processes.requestTrips(1);
  if (!trip) throw new Error("no trip");
  const { tripId, riderId } = trip;
  const headers = { "x-rider-id": riderId };
  const slow = openWatches(processes.backend.listening["rpc"] ?? "", tripId, riderId);
  let newest = 0;
  const quick = (async () => {
    const options = { timeoutMs: 60_000, headers };
    for await (const { update } of processes.client.watchTrip({ tripId }, options)) {
      if (update?.kind === 1) newest = update.seq;
    }
  })();
  await until("all are open", () => slow.answered() === WATCHERS && newest === 1);
  const beforeMb = residentMb(processes.backend.pid);

  const { connection } = await processes.nats.connect("services");
  const version = "v".repeat(UPDATE_BYTES);
  for (let seq = 2; seq <= UPDATES; seq++) {
    const predictions = [{ ...prediction(tripId, seq, "dynamic-duration", seq), version }];
    const body = PredictionBatch.encode({ predictions }).finish();
    connection.publish(`predictions.dynamic-duration.live.${tripId}`, body);
    if (seq % 10 === 0) await until("the quick one keeps up", () => newest === seq);
  }
  const grownMb = residentMb(processes.backend.pid) - beforeMb;
  expect(grownMb).toBeLessThan(UNBOUNDED_MB / 5);

  for (const service of ["tip", "cost"]) {
    const predictions = [prediction(tripId, 1, service, 2)];
    const body = PredictionBatch.encode({ predictions }).finish();
    connection.publish(`predictions.${service}.live.${tripId}`, body);
  }
  await processes.client.cancelTrip(
    { tripId, eventTime: undefined },
    { timeoutMs: 10_000, headers },
  );
  await quick;
  const bytes = await slow.read(); // those who begin to read after all get the newest, and the end
  expect(Math.min(...bytes)).toBeGreaterThan(UPDATE_BYTES);
  expect(Math.max(...bytes)).toBeLessThan((UPDATES * UPDATE_BYTES) / 5);
  slow.close();
});
