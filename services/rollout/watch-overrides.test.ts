import pino from "pino";
import { expect, test } from "vitest";
import { until } from "../../test/harness/until.ts";
import { watchOverrides } from "./watch-overrides.ts";

test("keys of a service are known, and stay known while Envoy does not answer", async () => {
  let answer: readonly string[] | undefined = [
    "traffic.duration.duration-blue",
    "mirror.duration.green",
    "traffic.cost.cost-blue",
  ];
  let reads = 0;
  const overrides = watchOverrides({
    async read() {
      reads++;
      if (!answer) throw new Error("away");
      return answer;
    },
    isWanted: () => true,
    log: pino({ level: "silent" }),
    everyMs: 1,
  });
  const own = ["traffic.duration.duration-blue", "mirror.duration.green"];
  await until("they are read", () => overrides.of("duration").length > 0);
  expect(overrides.of("duration")).toEqual(own);
  answer = undefined;
  const before = reads;
  await until("it was asked again", () => reads > before + 2);
  expect(overrides.of("duration")).toEqual(own);
  answer = [];
  await until("they are gone", () => overrides.of("duration").length === 0);
  await overrides.stop();
});
