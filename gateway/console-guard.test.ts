import { expect, onTestFinished, test } from "vitest";
import { silent } from "./gateway-under-test.ts";
import { listen } from "./http-server.ts";
import { type ConsoleUnderTest, send, startConsole } from "./releases/console-under-test.ts";

const body = JSON.stringify({ who: "ann", why: "it is bad" });
const json = { "content-type": "application/json" };
const abort = "/api/rollouts/tip-v2-1/abort";

async function refused(console: ConsoleUnderTest, headers: Record<string, string>) {
  const answer = await send(console.address, abort, { headers: { ...json, ...headers }, body });
  expect(console.asked).toEqual([]);
  return answer;
}

test.each([
  ["another site's page", { "sec-fetch-site": "cross-site" }],
  ["another port's page", { "sec-fetch-site": "same-site" }],
  ["another origin", { origin: "http://evil.example" }],
  ["this address at another port", { origin: "http://127.0.0.1:1" }],
  ["no origin at all", { origin: "null" }],
])("a command from %s is refused", async (_, headers) => {
  expect(await refused(await startConsole(), headers)).toMatchObject({
    status: 403,
    body: { code: 7, message: "commands are only taken from the console's own page" },
  });
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])(
  "a command as %j, which a form can send, is refused",
  async (type) => {
    const answer = await refused(await startConsole(), { "content-type": type });
    expect(answer).toMatchObject({ status: 400 });
  },
);

test.each(["evil.example", "evil.example:7600", "127.0.0.1.evil.example", "localhost.evil", "@x"])(
  "nothing is served by the name %s, which may be somebody else's for this machine",
  async (host) => {
    const console = await startConsole();
    const wrong = { status: 403, body: { code: 7 } };
    expect(await refused(console, { host })).toMatchObject(wrong);
    const read = { method: "GET", headers: { host } };
    expect(await send(console.address, "/api/bundles", read)).toMatchObject(wrong);
  },
);

test.each(["localhost", "LOCALHOST:7600", "192.0.2.7:7600", "[::1]:7600", "mesh.example"])(
  "the console is served by the name %s",
  async (host) => {
    const { address } = await startConsole({ hosts: ["mesh.example"] });
    const answer = await send(address, "/api/bundles", { method: "GET", headers: { host } });
    expect(answer).toMatchObject({
      status: 200,
      body: { tip: ["v1", "v2", "v3-zones"] },
    });
  },
);

test("a command of the page itself, and one of a program, are taken", async () => {
  const console = await startConsole();
  const own = { "sec-fetch-site": "same-origin", origin: `http://${console.address}` };
  expect((await send(console.address, abort, { headers: { ...json, ...own }, body })).status).toBe(
    200,
  );
  expect((await send(console.address, abort, { headers: json, body })).status).toBe(200);
  expect(console.asked.map(({ method }) => method)).toEqual(["abort", "abort"]);
});

test("a server without commands, such as the riders', takes none", async () => {
  const riders = await listen([], { listen: "127.0.0.1:0", log: silent });
  onTestFinished(() => riders.close());
  expect(await send(riders.address, abort, { body })).toMatchObject({ status: 405 });
});

test("other methods are refused", async () => {
  const { address } = await startConsole();
  for (const method of ["PUT", "DELETE", "OPTIONS"]) {
    expect((await send(address, abort, { method, headers: {} })).status).toBe(405);
  }
});
