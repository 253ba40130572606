import { describe, expect, test } from "vitest";
import type { Job } from "../job/spec.ts";
import { type Window, windowText } from "../job/window.ts";
import { dueWindows, nextTick } from "./due.ts";
import { keepSchedule, type ScheduleParts } from "./keep-schedule.ts";

const daily = (change = {}) =>
  ({
    name: "daily",
    window: "day",
    schedule: { cron: "15 3 * * *", catchUp: 2, ...change },
  }) as unknown as Job;
const day = (date: number, hour = 0, minute = 0) => Date.UTC(2021, 1, date, hour, minute);
const texts = (windows: readonly Window[]) => windows.map(windowText);

describe("what is due", () => {
  test("is the window that is over when the schedule fires", () => {
    expect(texts(dueWindows(daily(), new Set(), day(5, 3, 15)))).toEqual([
      "2021-02-04 to 2021-02-05",
    ]);
    expect(nextTick(daily(), day(5, 3, 15))).toBe(day(6, 3, 15));
  });

  test("is that of the day before until the schedule fires", () => {
    expect(texts(dueWindows(daily(), new Set(), day(5, 3, 14)))).toEqual([
      "2021-02-03 to 2021-02-04",
    ]);
  });

  test("is nothing once it is published", () => {
    expect(dueWindows(daily(), new Set([day(4)]), day(5, 4))).toEqual([]);
  });

  test("is what was missed since the last publication, oldest first", () => {
    expect(texts(dueWindows(daily(), new Set([day(2)]), day(5, 4)))).toEqual([
      "2021-02-03 to 2021-02-04",
      "2021-02-04 to 2021-02-05",
    ]);
  });

  test("is no more than the job makes up for", () => {
    expect(texts(dueWindows(daily({ catchUp: 1 }), new Set([day(1)]), day(20, 4)))).toEqual([
      "2021-02-18 to 2021-02-19",
      "2021-02-19 to 2021-02-20",
    ]);
    expect(dueWindows(daily({ catchUp: 0 }), new Set([day(1)]), day(20, 4))).toHaveLength(1);
  });

  test("is a window once, however often the schedule fires in it", () => {
    const job = daily({ cron: "*/10 * * * *" });
    expect(texts(dueWindows(job, new Set([day(2)]), day(5, 4)))).toEqual([
      "2021-02-03 to 2021-02-04",
      "2021-02-04 to 2021-02-05",
    ]);
  });

  test("cannot be told of a schedule that is none", () => {
    expect(() => nextTick(daily({ cron: "at noon" }), day(1))).toThrow("of daily cannot be read");
  });
});

/** A clock that jumps to whatever is slept for; stops after `untilMs`. */
function schedule(
  startMs: number,
  untilMs: number,
  fail: (window: Window) => boolean = () => false,
) {
  const stop = new AbortController();
  let now = startMs;
  let [running, most] = [0, 0];
  const published = new Map<string, Set<number>>();
  const log: string[] = [];
  const of = (job: Job) => {
    const set = published.get(job.name) ?? new Set();
    published.set(job.name, set);
    return set;
  };
  const parts: ScheduleParts = {
    nowMs: () => now,
    async sleepUntil(ms) {
      now = ms;
      if (now > untilMs) stop.abort();
    },
    publishedFromMs: async (job) => of(job),
    async run(job, window) {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      log.push(`${job.name} ${windowText(window)}${fail(window) ? " fails" : ""}`);
      if (fail(window)) throw new Error("it fails");
      of(job).add(window.fromMs);
    },
    onFailure: () => {},
    onWait: () => {},
    signal: stop.signal,
  };
  return { parts, log, most: () => most, published: of };
}

describe("a schedule", () => {
  test("runs each window once, one at a time, and makes up for what was missed before its start", async () => {
    const { parts, log, most, published } = schedule(day(5, 12), day(7, 4));
    const [one, two] = [daily(), { ...daily(), name: "other" }];
    published(one).add(day(2));
    await keepSchedule([one, two], parts);
    expect(log).toEqual([
      "daily 2021-02-03 to 2021-02-04",
      "daily 2021-02-04 to 2021-02-05",
      "other 2021-02-04 to 2021-02-05",
      "daily 2021-02-05 to 2021-02-06",
      "other 2021-02-05 to 2021-02-06",
      "daily 2021-02-06 to 2021-02-07",
      "other 2021-02-06 to 2021-02-07",
    ]);
    expect(most()).toBe(1);
  });

  test("tries a window that failed again the next time", async () => {
    let left = 1;
    const isBad = (window: Window) => window.fromMs === day(5) && left-- > 0;
    const fails = new Map<Window, boolean>();
    const once = (window: Window) => {
      if (!fails.has(window)) fails.set(window, isBad(window));
      return fails.get(window) ?? false;
    };
    const { parts, log, published } = schedule(day(6, 3), day(7, 4), once);
    published(daily()).add(day(4));
    await keepSchedule([daily()], parts);
    expect(log).toEqual([
      "daily 2021-02-05 to 2021-02-06 fails",
      "daily 2021-02-05 to 2021-02-06",
      "daily 2021-02-06 to 2021-02-07",
    ]);
  });
});
