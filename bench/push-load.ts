// Trips at a steady rate of calls, some of them watched, and how long each answer took to reach its reader.
import { setTimeout as sleep } from "node:timers/promises";
import { TripUpdateKind } from "#gen/tripmesh/backend/v1/trip.ts";
import { tripIdOf } from "../services/backend/identity.ts";
import { type GrpcSocket, openGrpcSocket } from "./grpc-socket.ts";
import { quantile } from "./numbers.ts";
import { laterSteps, requestStep, send } from "./trip-steps.ts";
import { readUpdates } from "./update-reader.ts";

/** Trips that arrive whether or not the ones before were answered, and readers for some of them. */
export interface PushLoad {
  readonly kind: "push";
  /** Backend, or whoever answers for it. */
  readonly address: string;
  readonly gateway: string;
  /** Calls that change a trip, of all trips together. */
  readonly callsPerSecond: number;
  /** Readers at once, each of another trip. */
  readonly readers: number;
  /** Until then the load grows and the processes warm up: it does not count. */
  readonly warmUpMs: number;
  readonly windows: number;
  readonly windowMs: number;
}

export interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The calls of one window and the answers to them. */
export interface PushWindow {
  readonly callsPerSecond: number;
  readonly failures: number;
  /** From when a call was sent until an answer to its event was at the reader. */
  readonly sinceSent: Delays;
  /** The same from when the call's response was here: just after the commit. */
  readonly sinceResponse: Delays;
  readonly answers: number;
  /** Answers that should have come and did not. */
  readonly missing: number;
}

export interface PushResult {
  readonly windows: readonly PushWindow[];
  readonly mostReaders: number;
}

const REPORTS = Array.from({ length: 8 }, (_, at) => (at + 1) / 9);
const CALLS_PER_TRIP = REPORTS.length + 3;
/** Between two calls of a trip, due whether or not those of others were answered. */
const STEP_MS = 500;
const TICK_MS = 2;

/** How long a trip lives: until then the load grows. */
export const LIFE_MS = (CALLS_PER_TRIP - 1) * STEP_MS;

interface Call {
  readonly sentMs: number;
  readonly respondedMs: number;
  readonly ok: boolean;
  /** When each answer was at the reader; undefined where nobody watches. */
  readonly answeredMs: readonly (number | undefined)[];
}

export async function runPush(order: PushLoad): Promise<PushResult> {
  const socket = await openGrpcSocket(order.address);
  try {
    return await openLoop(socket, order);
  } finally {
    socket.close();
  }
}

async function openLoop(socket: GrpcSocket, order: PushLoad): Promise<PushResult> {
  const { callsPerSecond, warmUpMs, windows, windowMs } = order;
  const lives: Promise<Call[]>[] = [];
  const watch = createWatch(order);
  const begun = performance.now();
  const everyMs = (CALLS_PER_TRIP / callsPerSecond) * 1000;
  const endMs = warmUpMs + windows * windowMs;
  for (let nowMs = 0; nowMs < endMs; nowMs = performance.now() - begun) {
    while (lives.length * everyMs <= nowMs) {
      const index = lives.length;
      lives.push(live(socket, index, begun + index * everyMs, watch));
    }
    await sleep(TICK_MS);
  }
  const calls = (await Promise.all(lives)).flat();
  return {
    mostReaders: watch.most(),
    windows: Array.from({ length: windows }, (_, at) => {
      const fromMs = begun + warmUpMs + at * windowMs;
      const isIn = ({ sentMs }: Call) => sentMs >= fromMs && sentMs < fromMs + windowMs;
      return summary(calls.filter(isIn), windowMs);
    }),
  };
}

/** One trip from its request to its end; watched from just after its request if there is a reader free. */
async function live(
  socket: GrpcSocket,
  index: number,
  dueMs: number,
  watch: ReturnType<typeof createWatch>,
): Promise<Call[]> {
  const rider = `bench-push-${index}`;
  const tripId = tripIdOf(rider, rider);
  const sent: Omit<Call, "answeredMs">[] = [];
  let reader: ReturnType<typeof watch.open>;
  for (const [at, step] of [requestStep(index, rider), ...laterSteps(tripId, REPORTS)].entries()) {
    await sleep(Math.max(0, dueMs + at * STEP_MS - performance.now()));
    const sentMs = performance.now();
    const ok = await send(socket, rider, step);
    sent.push({ sentMs, respondedMs: performance.now(), ok });
    if (at === 0) reader = watch.open(tripId, rider);
  }
  await reader?.over;
  return sent.map((call, at) => ({
    ...call,
    answeredMs: reader
      ? answersTo(at + 1).map(
          (kind) => reader?.arrivals.find((it) => it.seq === at + 1 && it.kind === kind)?.atMs,
        )
      : [],
  }));
}

/** Readers, no more than so many at once. */
function createWatch({ gateway, readers }: PushLoad) {
  let open = 0;
  let most = 0;
  return {
    most: () => most,
    open(tripId: string, rider: string) {
      if (open >= readers) return undefined;
      most = Math.max(most, ++open);
      const reader = readUpdates(gateway, tripId, rider);
      void reader.over.then(() => open--);
      return reader;
    },
  };
}

/** What is answered by the event with this sequence: not the request, whose reader came after it. */
function answersTo(seq: number): readonly TripUpdateKind[] {
  if (seq === 1 || seq === CALLS_PER_TRIP) return [];
  if (seq === 2) return [TripUpdateKind.DURATION];
  return [TripUpdateKind.DURATION, TripUpdateKind.COST, TripUpdateKind.TIP];
}

function summary(calls: readonly Call[], windowMs: number): PushWindow {
  const delays = (since: (call: Call) => number) => {
    const all = calls.flatMap((call) =>
      call.answeredMs.flatMap((at) => (at === undefined ? [] : [at - since(call)])),
    );
    const sorted = Float64Array.from(all).sort();
    return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
  };
  const answers = calls.flatMap(({ answeredMs }) => answeredMs);
  return {
    callsPerSecond: (calls.length / windowMs) * 1000,
    failures: calls.filter(({ ok }) => !ok).length,
    sinceSent: delays(({ sentMs }) => sentMs),
    sinceResponse: delays(({ respondedMs }) => respondedMs),
    answers: answers.length,
    missing: answers.filter((at) => at === undefined).length,
  };
}
