import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { watchStopSignals } from "./stop-signals.ts";

function watch() {
  const source = new EventEmitter();
  let nowMs = 0;
  const signals = watchStopSignals(source, () => nowMs);
  const seen: string[] = [];
  void signals.stop.then((signal) => seen.push(`stop ${signal}`));
  void signals.force.then((signal) => seen.push(`force ${signal}`));
  return {
    seen,
    source,
    signals,
    async send(signal: NodeJS.Signals, atMs: number) {
      nowMs = atMs;
      source.emit(signal, signal);
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

test("the Ctrl-C that npm passes on once more counts once", async () => {
  const { seen, send } = watch();
  await send("SIGINT", 0);
  await send("SIGINT", 3);
  await send("SIGINT", 1_900);
  expect(seen).toEqual(["stop SIGINT"]);
});

test("a later one forces", async () => {
  const { seen, send } = watch();
  await send("SIGINT", 0);
  await send("SIGINT", 2_500);
  expect(seen).toEqual(["stop SIGINT", "force SIGINT"]);
});

test("nothing is listened to after close", () => {
  const { signals, source } = watch();
  signals.close();
  expect(source.eventNames()).toEqual([]);
});
