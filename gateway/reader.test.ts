import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { parseMarks } from "#kit/events/trip-fold.ts";
import { until } from "../test/harness/until.ts";
import { silent } from "./gateway-under-test.ts";
import { listen } from "./http-server.ts";
import { openReader, type Reader } from "./reader.ts";
import { openSlowReaders } from "./slow-readers.ts";

const KEEP_ALIVE_MS = 20;
const DRAIN_WITHIN_MS = 400;

test("who does not even read the end is cut, and no comment is sent after it", async () => {
  const opened = Promise.withResolvers<{ reader: Reader; response: ServerResponse }>();
  const limits = { keepAliveMs: KEEP_ALIVE_MS, drainWithinMs: DRAIN_WITHIN_MS };
  const server = await listen(
    [
      ({ response }) => {
        const reader = openReader(response, parseMarks(undefined), limits);
        opened.resolve({ reader, response });
        return true;
      },
    ],
    { listen: "127.0.0.1:0", log: silent },
  );
  const slow = await openSlowReaders(server.address, 1, ["/"]);
  const { reader, response } = await opened.promise;
  const over = once(reader.signal, "abort");
  reader.begin();
  let seq = 0;
  let stuckFor = 0;
  // The kernel takes no more, for good, but the gateway does not yet wait for the reader.
  await until("something waits to be sent", () => {
    const waits = (response.socket?.writableLength ?? 0) > 1000; // more than a comment or two
    stuckFor = waits ? stuckFor + 1 : 0;
    if (!waits)
      reader.offer(TripUpdate.fromPartial({ kind: 1, seq: ++seq, version: "v".repeat(4000) }));
    return stuckFor === 10;
  });
  expect(response.writableNeedDrain).toBe(false);
  const ended = performance.now();
  reader.end();
  await over;
  expect(performance.now() - ended).toBeGreaterThan(DRAIN_WITHIN_MS - 50);
  await slow.close();
  await server.close();
});
