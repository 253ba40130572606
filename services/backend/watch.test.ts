import { expect, test } from "vitest";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import { LAST_ANSWERS_MS } from "#kit/events/trip-fold.ts";
import { until } from "../../test/harness/until.ts";
import { createTripWatch, type Known } from "./watch.ts";

const update = (kind: 1 | 2 | 3 | 4, seq: number) =>
  TripUpdate.fromPartial({ tripId: "t", kind, seq });

/** Watches a trip of which each reading finds the next of `stored`, then the last again and again. */
function watchStored(stored: readonly Known[], watch = createTripWatch()) {
  const leaving = new AbortController();
  let readings = 0;
  const known = async () => {
    const found = stored[Math.min(readings++, stored.length - 1)];
    if (!found) throw new Error("the database is away");
    return found;
  };
  const updates = watch.updates("t", known, leaving.signal);
  return { updates, readings: () => readings, leave: () => leaving.abort() };
}

test("what another process wrote just after the first reading is found by the second", async () => {
  const { updates, leave } = watchStored([
    { updates: [update(1, 1)], last: undefined },
    { updates: [update(1, 2)], last: undefined },
  ]);
  expect((await updates.next()).value).toMatchObject({ seq: 1 });
  expect((await updates.next()).value).toMatchObject({ seq: 2 });
  leave();
  expect((await updates.next()).done).toBe(true);
});

test("a finished trip is read again before its watcher is told the end", async () => {
  const last = { lastDurationSeq: 1, lastPriceSeq: 1 };
  const known = [update(1, 1), update(2, 1), update(4, 2)];
  const { updates, readings } = watchStored([
    { updates: known, last },
    { updates: known, last },
    { updates: [...known, update(3, 1)], last },
  ]);
  const started = performance.now();
  const told: number[] = [];
  for await (const { kind } of updates) told.push(kind);
  expect(told).toEqual([1, 2, 4, 3]);
  expect(performance.now() - started).toBeLessThan(LAST_ANSWERS_MS);
  expect(readings()).toBe(3);
});

test("while the database is away, what is told here goes on", async () => {
  const watch = createTripWatch();
  const { updates, readings, leave } = watchStored(
    [{ updates: [update(1, 1)], last: undefined }],
    watch,
  );
  expect((await updates.next()).value).toMatchObject({ seq: 1 });
  const next = updates.next();
  watch.publish(update(1, 2));
  expect((await next).value).toMatchObject({ seq: 2 });
  expect(readings()).toBe(1);
  leave();
  await updates.return(undefined);
});

test("after the event stream was away, what is stored is read again", async () => {
  const watch = createTripWatch();
  const { updates, readings, leave } = watchStored(
    [1, 1, 2].map((seq) => ({ updates: [update(1, seq)], last: undefined })),
    watch,
  );
  expect((await updates.next()).value).toMatchObject({ seq: 1 });
  const next = updates.next();
  await until("the second reading is over", () => readings() === 2);
  watch.missed(); // else the next one would be half a minute later
  expect((await next).value).toMatchObject({ seq: 2 });
  leave();
  await updates.return(undefined);
});
