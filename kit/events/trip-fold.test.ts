import fc from "fast-check";
import { expect, test } from "vitest";
import { TripUpdate } from "#gen/tripmesh/backend/v1/trip.ts";
import {
  createFold,
  formatMarks,
  isAnswered,
  kinds,
  type Numbered,
  parseMarks,
} from "./trip-fold.ts";

const none = parseMarks(undefined);

const update = fc
  .record({ kind: fc.constantFrom(...kinds), seq: fc.integer({ min: 1, max: 12 }) })
  // The value follows from kind and seq: the same prediction, delivered again, is the same.
  .map(({ kind, seq }) => TripUpdate.fromPartial({ kind, seq, value: seq * 10 + kind }));

/** What happens to a reader: an update arrives, or there is room to send one. */
const step = fc.oneof(update, fc.constant("room" as const));

function run(steps: readonly (TripUpdate | "room")[], marks = none): Numbered[] {
  const fold = createFold(marks);
  const sent: Numbered[] = [];
  const send = () => {
    const next = fold.take();
    if (next) sent.push(next);
    return next;
  };
  for (const one of steps) {
    if (one === "room") send();
    else fold.offer(one);
  }
  while (send()); // in the end every reader has room
  return sent;
}

function lastOfEach(sent: readonly Numbered[]): Map<number, number> {
  return new Map(sent.map(({ update }) => [update.kind, update.value]));
}

test("any order, any repeats and any slowness end in the same values", () => {
  fc.assert(
    fc.property(fc.array(step), fc.infiniteStream(fc.nat()), (steps, random) => {
      const updates = steps.filter((one) => one !== "room");
      const shuffled = [...updates, ...updates]
        .map((one) => ({ one, place: random.next().value ?? 0 }))
        .sort((a, b) => a.place - b.place)
        .map(({ one }) => one);
      expect(lastOfEach(run(steps))).toEqual(lastOfEach(run(shuffled)));
    }),
  );
});

test("of each kind only growing seq are sent", () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      for (const kind of kinds) {
        const seqs = run(steps).flatMap(({ update }) => (update.kind === kind ? [update.seq] : []));
        expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      }
    }),
  );
});

test("a reader cut anywhere resumes without a gap in the end state and without a repeat", () => {
  fc.assert(
    fc.property(fc.array(step), fc.nat(), (steps, cutAt) => {
      const whole = run(steps);
      const before = whole.slice(0, whole.length === 0 ? 0 : cutAt % whole.length);
      const after = run(steps, parseMarks(before.at(-1)?.id));
      expect(lastOfEach([...before, ...after])).toEqual(lastOfEach(whole));
      const seen = [...before, ...after].map(({ update }) => `${update.kind}:${update.seq}`);
      expect(new Set(seen).size).toBe(seen.length);
    }),
  );
});

test("an id is read as it was written, and what is no id starts from the beginning", () => {
  const seqs = fc.array(fc.integer({ min: 0, max: 999_999_999 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(seqs, (values) => {
      const marks = new Map(kinds.map((kind, i) => [kind, values[i] ?? 0]));
      expect(parseMarks(formatMarks(marks))).toEqual(marks);
    }),
  );
  expect(parseMarks("17")).toEqual(none);
  expect(parseMarks("d1.c1.t1.s1; drop")).toEqual(none);
});

test("a finished trip is answered once every service has answered its last event", () => {
  const finish = { lastDurationSeq: 3, lastPriceSeq: 3 };
  const fold = createFold(parseMarks("d3.c3.t0.s1"));
  expect(isAnswered(fold, finish)).toBe(false);
  fold.offer(TripUpdate.fromPartial({ kind: kinds[2], seq: 3 }));
  expect(isAnswered(fold, finish)).toBe(true);
});
