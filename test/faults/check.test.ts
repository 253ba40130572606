// The checker finds what it is there to find: a run in which all went well, and what is done to it.
import { describe, expect, test } from "vitest";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import { Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { answeredEvents, type TripEventName } from "#kit/events/subjects.ts";
import { updateOfPrediction, updatesOfEvent } from "#kit/events/trip-updates.ts";
import { fromMinutes } from "#kit/rpc/amounts.ts";
import { check, recoveryMs } from "./check.ts";
import type { Deployed, Evidence, ReaderHistory, StoredDeadLetter, Way } from "./history.ts";

const deployed: readonly Deployed[] = [
  { service: "tip", slot: "blue", version: "v1" },
  { service: "tip", slot: "green", version: "v2" },
  { service: "cost", slot: "blue", version: "v1" },
  { service: "dynamic-duration", slot: "blue", version: "v1" },
];
const life: readonly TripEventName[] = ["requested", "started", "progressed", "completed"];
const tripId = "t1";

/** Everything mutable, so that a test can spoil it. */
function goodRun() {
  const events = life.map((name, index) => ({
    event: TripEvent.fromPartial({
      eventId: `${tripId}:${index + 1}`,
      tripId,
      seq: index + 1,
      arms: { tip: "green", cost: "blue", "dynamic-duration": "blue" },
      body: {
        $case: name,
        value: {
          estimate: Estimate.fromPartial({
            duration: fromMinutes(10),
            lower: fromMinutes(8),
            upper: fromMinutes(14),
            version: "v1",
          }),
        },
      } as TripEvent["body"] & {},
    }),
    storedAt: 1_000 + index,
  }));
  const predictions = events.flatMap(({ event, storedAt }) =>
    deployed
      .filter(({ service }) =>
        (answeredEvents[service] as readonly string[]).includes(event.body?.$case ?? ""),
      )
      .map(({ service, slot, version }) => ({
        prediction: Prediction.fromPartial({
          tripId,
          eventSeq: event.seq,
          service,
          slot,
          version,
          role: event.arms[service] === slot ? PredictionRole.LIVE : PredictionRole.SHADOW,
          value: event.seq,
        }),
        storedAt: storedAt + 5,
      })),
  );
  const reader = (via: Way): ReaderHistory => {
    const seen = [
      ...events.flatMap(({ event }) => updatesOfEvent(event)),
      ...predictions.flatMap(({ prediction }) => updateOfPrediction(prediction) ?? []),
    ].toSorted((a, b) => a.seq - b.seq);
    return {
      tripId,
      via,
      updates: seen.map((update) => ({ update, at: 1_010 })),
      openedAt: [900],
      ended: true,
    };
  };
  return {
    deployed,
    trips: [
      {
        tripId,
        riderId: "r1",
        steps: life.map((event, i) => ({
          seq: i + 1,
          event,
          calledAt: 990,
          answeredAt: 1_000,
          calls: 1,
        })),
      },
    ],
    readers: [reader("direct"), reader("backend")],
    lateReaders: [reader("direct"), reader("backend")],
    events,
    predictions,
    deadLetters: [] as StoredDeadLetter[],
    poison: [] as string[],
    pending: new Map<string, number>(),
    fault: { from: 995, to: 1_002 },
  } satisfies Evidence;
}

function rulesBroken(spoil: (run: ReturnType<typeof goodRun>) => void): string[] {
  const run = goodRun();
  spoil(run);
  return [...new Set(check(run).map(({ rule }) => rule))];
}

/** The place of tip's answer to the first event by the slot that is not the rider's. */
const shadow = (run: ReturnType<typeof goodRun>) =>
  run.predictions.findIndex(({ prediction: p }) => p.service === "tip" && p.slot === "blue");

test("a good run breaks nothing", () => {
  expect(check(goodRun())).toEqual([]);
});

test("what is stored twice, in any order, breaks nothing", () => {
  expect(
    rulesBroken((run) => {
      run.events.push(...run.events.toReversed());
      run.predictions.push(...run.predictions.toReversed());
    }),
  ).toEqual([]);
});

test("a dead letter accounts for an event, and so does what is pending", () => {
  const lose = (run: ReturnType<typeof goodRun>) => run.predictions.splice(shadow(run), 1);
  expect(
    rulesBroken((run) => {
      lose(run);
      run.deadLetters.push({ service: "tip", slot: "blue", tripId, seq: 1, subject: "s" });
    }),
  ).toEqual([]);
  expect(
    rulesBroken((run) => {
      lose(run);
      run.pending.set("tip-blue", 1);
    }),
  ).toEqual(["effect missing"]); // counted, but at the end of a run nothing may wait
});

describe("broken promises", () => {
  test("an event that was answered OK is not stored", () => {
    expect(rulesBroken((run) => run.events.splice(1, 1))).toContain("event lost");
  });
  test("an event that nobody asked for", () => {
    expect(rulesBroken((run) => run.trips[0]?.steps.splice(1, 1))).toContain("event from nowhere");
  });
  test("two events under one key", () => {
    expect(
      rulesBroken((run) => {
        const [first] = run.events;
        if (first) run.events.push({ ...first, event: { ...first.event, riderId: "r2" } });
      }),
    ).toContain("event changed");
  });
  test("an answer is missing", () => {
    const rules = rulesBroken((run) => run.predictions.splice(shadow(run), 1));
    expect(rules).toEqual(["effect missing", "not accounted for"]);
  });
  test("two answers under one key differ", () => {
    expect(
      rulesBroken((run) => {
        const [first] = run.predictions;
        if (first)
          run.predictions.push({ ...first, prediction: { ...first.prediction, value: 99 } });
      }),
    ).toContain("effect doubled");
  });
  test("both slots are live", () => {
    expect(
      rulesBroken((run) => {
        const other = run.predictions[shadow(run)];
        if (!other) throw new Error("unreachable");
        const prediction = { ...other.prediction, role: PredictionRole.LIVE };
        run.predictions.splice(shadow(run), 1, { ...other, prediction });
      }),
    ).toContain("not one slot live");
  });
  test("poison is lost by one slot", () => {
    expect(
      rulesBroken((run) => {
        run.poison.push("trips.poison.progressed");
        for (const { service, slot } of deployed.slice(1)) {
          const subject = "trips.poison.progressed";
          run.deadLetters.push({ service, slot, tripId: "", seq: 0, subject });
        }
      }),
    ).toEqual(["poison not put aside"]);
  });
  test("a reader goes back, by however many connections", () => {
    expect(rulesBroken((run) => run.readers[0]?.updates.reverse())).toContain("reader went back");
  });
  test("a reader is told what is not stored", () => {
    expect(
      rulesBroken((run) => {
        const last = run.readers[1]?.updates.at(-1);
        if (last)
          run.readers[1]?.updates.splice(-1, 1, { ...last, update: { ...last.update, value: 77 } });
      }),
    ).toEqual(["reader was told something else"]);
  });
  test("one way ends before the last value, or without an end", () => {
    expect(rulesBroken((run) => run.lateReaders[0]?.updates.pop())).toEqual(["ways differ"]);
    expect(
      rulesBroken((run) => {
        const [late] = run.lateReaders;
        if (late) late.ended = false;
      }),
    ).toEqual(["ways differ"]);
  });
});

test("recovery ends with the last answer to what was asked before, and with its reader", () => {
  const run = goodRun();
  expect(recoveryMs(run)).toBe(8); // a reader heard at 1,010 of what was stored before 1,002
  expect(recoveryMs({ ...run, fault: { from: 1, to: 2_000 } })).toBe(0);
});
