import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { describePortOwner } from "./port-owner.ts";
import { plannedPorts, requireFreePorts } from "./ports.ts";

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function takePort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

test("a taken port is one sentence that names it, its owner and the way out", async () => {
  const port = await takePort();
  await expect(requireFreePorts([port], () => "nginx (7)")).rejects.toThrow(
    `Port ${port} is taken by nginx (7): stop what listens there, or use --ports auto.`,
  );
});

test("several taken ports are still one sentence, and an unknown owner is left out", async () => {
  const [one, two] = [await takePort(), await takePort()];
  await expect(requireFreePorts([one, two], () => undefined)).rejects.toThrow(
    `Ports ${one}, ${two} are taken: stop`,
  );
});

test.runIf(process.platform === "linux")("the owner is found out", async () => {
  expect(describePortOwner(await takePort())).toMatch(new RegExp(`\\(${process.pid}\\)$`));
});

test("no port is asked for with free ones, and all different ones otherwise", () => {
  expect(plannedPorts({ autoPorts: true, consumers: 3 }).all).toEqual([]);
  const { all } = plannedPorts({ autoPorts: false, consumers: 50 });
  expect(new Set(all).size).toBe(all.length);
  expect(all).toEqual(expect.arrayContaining([8080, 9000, 9901, 4222, 7600, 7000, 7100]));
});
