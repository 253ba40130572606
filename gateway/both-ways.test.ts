// The same story of a trip, told by both ways to readers that come late, are cut and come back.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Prediction, PredictionBatch } from "#gen/tripmesh/events/v1/prediction.ts";
import type { Events } from "#kit/events/connect.ts";
import { fromMinutes, fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import type { NodeProcess } from "../test/harness/node-process.ts";
import { prediction } from "./gateway-under-test.ts";
import {
  openUpdates,
  type Processes,
  type RequestedTrip,
  startProcesses,
  type Via,
} from "./processes-under-test.ts";
import { lastOfEach, type Rider, ride, seqsOf } from "./rider-under-test.ts";

const STORIES = 60;
const CALL_MS = 10_000;
/** By which way a reader comes at each of its visits; what it has from one counts for the other. */
const habits: readonly (readonly Via[])[] = [["direct"], ["backend"], ["direct", "backend"]];

let processes: Processes;
let gateway: NodeProcess;
let events: Events;

beforeAll(async () => {
  processes = await startProcesses();
  events = await processes.nats.connect("services");
  gateway = await processes.startGateway();
});
afterAll(() => processes.stop());

/** What happens to a trip, in order: its own events by name, and predictions of the services. */
type Step =
  | { readonly does: "start" | "progress" | "complete" | "cancel" }
  | { readonly answers: string; readonly seq: number };

/** A trip's events in order; the answers to them anywhere, in any order, some twice. */
const story = fc
  .record({ reports: fc.integer({ min: -1, max: 3 }), order: fc.infiniteStream(fc.nat()) })
  .map(({ reports, order }): readonly Step[] => {
    const draw = () => order.next().value ?? 0;
    const drive = ["start", ...Array(Math.max(reports, 0)).fill("progress"), "complete"] as const;
    const own: Step[] = (reports < 0 ? (["cancel"] as const) : drive).map((does) => ({ does }));
    const answers = own.slice(0, -1).flatMap((_, i) => answersTo(i + 2));
    const told = [...answersTo(1), ...answers].flatMap((answer) =>
      draw() % 3 === 0 ? [answer, answer] : [answer],
    );
    const steps: Step[] = [...own];
    for (const answer of told) steps.splice(draw() % (steps.length + 1), 0, answer);
    return steps;
  });

function answersTo(seq: number): Step[] {
  const services = seq === 1 ? ["tip", "cost"] : seq === 2 ? ["dynamic-duration"] : undefined;
  return (services ?? ["dynamic-duration", "tip", "cost"]).map((answers) => ({ answers, seq }));
}

/** When a reader comes, as a share of the story; after how many events it is cut, again and again. */
const visit = fc.record({
  joins: fc.double({ min: 0, max: 1, noNaN: true }),
  cutEvery: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
});

async function play(trip: RequestedTrip, steps: readonly Step[], before: (i: number) => void) {
  let reports = 0;
  for (const [i, step] of steps.entries()) {
    before(i);
    if ("does" in step) await act(trip, step.does, ++reports);
    else tell({ ...prediction(trip.tripId, step.seq, step.answers, valueFor(step)) });
  }
  before(steps.length);
  await events.connection.flush();
}

/** Of each answer one value: what is delivered twice is the same. */
const valueFor = ({ answers, seq }: { answers: string; seq: number }) => answers.length + seq / 8;

/** As a plain message: the stream would drop a double of its own accord. */
function tell(one: Prediction): void {
  const body = PredictionBatch.encode({ predictions: [one] }).finish();
  events.connection.publish(`predictions.${one.service}.live.${one.tripId}`, body);
}

async function act({ tripId, riderId }: RequestedTrip, does: string, report: number) {
  const { client } = processes;
  const options = { timeoutMs: CALL_MS, headers: { "x-rider-id": riderId } };
  const base = { tripId, eventTime: undefined };
  if (does === "start") await client.startTrip(base, options);
  else if (does === "cancel") await client.cancelTrip(base, options);
  else if (does === "progress") {
    const progress = { shareDone: report / 10, elapsed: fromSeconds(report * 60) };
    await client.reportProgress({ ...base, ...progress }, options);
  } else {
    const truth = { actualDuration: fromMinutes(12), cost: fromUsd(20), tip: fromUsd(2) };
    await client.completeTrip({ ...base, ...truth, distanceMiles: 3 }, options);
  }
}

/** A rider whose connection breaks after every few events. */
function come(trip: RequestedTrip, habit: readonly Via[], cutEvery: number | undefined): Rider {
  let visits = 0;
  return ride(async (headers) => {
    const via = habit[visits++ % habit.length] ?? "direct";
    const stream = await openUpdates(gateway, trip, via, headers);
    if (cutEvery !== undefined) stream.onEvent((count) => count === cutEvery && stream.close());
    return stream;
  });
}

test("both ways tell the same, whenever readers come and however often they are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      story,
      fc.array(visit, { minLength: 1, maxLength: 3 }),
      async (steps, visits) => {
        const [trip] = await processes.requestTrips(1);
        if (!trip) throw new Error("no trip");
        const riders: Rider[] = [];
        await play(trip, steps, (i) => {
          for (const { joins, cutEvery } of visits) {
            if (Math.floor(joins * steps.length) !== i) continue;
            for (const habit of habits) riders.push(come(trip, habit, cutEvery));
          }
        });
        await Promise.all(riders.map(({ told }) => told));
        expect(riders.length).toBe(visits.length * habits.length);
        const known = lastOfEach(riders[0]?.events() ?? []);
        expect(Object.keys(known).length).toBe(4);
        for (const rider of riders) {
          expect(lastOfEach(rider.events())).toEqual(known);
          const words = rider.words();
          expect(words.filter((word) => word === "end")).toEqual(["end"]);
          for (const letter of ["d", "c", "t", "s"]) {
            const seqs = seqsOf(words, letter);
            expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
          }
        }
      },
    ),
    { numRuns: STORIES },
  );
});
