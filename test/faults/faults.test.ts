// The short form of `npm run faults`: the faults that have the most to break, once each, and a build that is
// broken on purpose.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";

const main = new URL("main.ts", import.meta.url).pathname;

async function faults(...args: string[]): Promise<{ code: number | null; out: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (out += chunk));
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, out };
}

const shortForm = [
  "SIGKILL nats-server",
  "the store goes back",
  "SIGKILL Backend at relay.published",
  "SIGKILL a consumer at score.predicted",
  "SIGKILL a consumer at consume.handled",
  "zombie",
  "at gateway.written",
  "half closed",
  "duplicates",
  "durable is deleted",
];

test("no fault loses, doubles or misleads", async () => {
  const only = shortForm.flatMap((name) => ["--only", name]);
  const { code, out } = await faults(...only, "--runs", String(shortForm.length));
  expect({ code, out }).toMatchObject({ code: 0 });
  expect(out).toContain(`${shortForm.length} runs, 0 with violations`);
}, 300_000);

test("a build that acknowledges before it stores is found out", async () => {
  const { code, out } = await faults("--broken", "--only", "score.predicted", "--runs", "2");
  expect({ code, out }).toMatchObject({ code: 0 });
  expect(out).toContain("effect missing");
}, 120_000);

test("a wrong call says what is right", async () => {
  expect(await faults("--only", "no such fault")).toMatchObject({ code: 2 });
  expect((await faults("--runs", "many")).out).toContain("--runs must be a whole number above 0");
});
