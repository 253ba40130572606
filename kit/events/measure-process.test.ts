import { afterAll, beforeAll, expect, test } from "vitest";
import { metrics } from "#kit/telemetry/registry.ts";
import { type Measured, measureHere } from "#kit/telemetry/testing/measured.ts";
import { measureProcess, type Outcome } from "./measure-process.ts";

let measured: Measured;
beforeAll(async () => {
  measured = await measureHere();
});
afterAll(() => measured?.stop());

type Message = Parameters<typeof measureProcess>[0];

async function handle(deliveryCount: number, outcome: Outcome): Promise<void> {
  const message = { info: { consumer: "tip-blue", deliveryCount } } as Message;
  await measureProcess(message, async () => outcome);
}

test("messages are counted by their outcome, redeliveries and dead letters beside them", async () => {
  await handle(1, "done");
  await handle(1, "failed");
  await handle(2, "failed");
  await handle(3, "dead");
  const group = { "messaging.consumer.group.name": "tip-blue" };
  const outcomes = await measured.values(metrics.processDuration);
  expect(
    outcomes.map(({ attributes, value }) => ({
      attributes,
      count: (value as { count: number }).count,
    })),
  ).toEqual(
    [
      ["done", 1],
      ["failed", 2],
      ["dead", 1],
    ].map(([outcome, count]) => ({ attributes: { ...group, "tripmesh.outcome": outcome }, count })),
  );
  expect(await measured.values(metrics.redeliveries)).toEqual([{ attributes: group, value: 2 }]);
  expect(await measured.values(metrics.deadLetters)).toEqual([{ attributes: group, value: 1 }]);
});
