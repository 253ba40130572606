import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../test/harness/until.ts";
import { watchHealth } from "./watch-health.ts";

const server = createServer((_, response) => response.end(JSON.stringify(health)));
let health: object = { status: "ok" };
let url = "";

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  url = `http://127.0.0.1:${address.port}`;
});
afterAll(() => server.close());

test("a process that complains twice is told of, with its words; one that is away or well is not", async () => {
  const told: string[] = [];
  let asked = 0;
  let at: string | undefined = url;
  const watching = watchHealth({
    url() {
      asked++;
      return at;
    },
    onSick: async (reason) => void told.push(reason),
    everyMs: 5,
  });
  await until("it was asked", () => asked > 3);
  at = "http://127.0.0.1:1/nobody";
  await until("it was asked", () => asked > 6);
  expect(told).toEqual([]);
  at = url;
  health = { status: "unavailable", error: "no space left on device" };
  await until("it is told", () => told.length > 0);
  expect(told[0]).toBe("no space left on device");
  await watching.stop();
});
