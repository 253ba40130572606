import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createScrapeTargets } from "./scrape-targets.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "targets-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("Prometheus finds what is ready, by service and slot, until it has ended for good", () => {
  const path = join(dir, "targets.json");
  const read = () => JSON.parse(readFileSync(path, "utf8"));
  const targets = createScrapeTargets(path);
  expect(read()).toEqual([]);
  targets.set("nats", { nats: "nats://127.0.0.1:1" });
  targets.set("envoy", { edge: "127.0.0.1:2", admin: "127.0.0.1:3" });
  targets.set("backend", { rpc: "127.0.0.1:4", metrics: "127.0.0.1:5" });
  targets.set("dynamic-duration-green-2", { rpc: "127.0.0.1:6", metrics: "127.0.0.1:7" });
  targets.set("duration-blue-next", { rpc: "127.0.0.1:8", metrics: "127.0.0.1:9" });
  targets.set("backend", { rpc: "127.0.0.1:4", metrics: "127.0.0.1:10" }); // started again
  targets.remove("duration-blue-next");
  expect(read()).toEqual([
    {
      targets: ["127.0.0.1:3"],
      labels: { instance: "envoy", service: "envoy", __metrics_path__: "/stats/prometheus" },
    },
    { targets: ["127.0.0.1:10"], labels: { instance: "backend", service: "backend" } },
    {
      targets: ["127.0.0.1:7"],
      labels: {
        instance: "dynamic-duration-green-2",
        service: "dynamic-duration",
        slot: "green",
      },
    },
  ]);
  expect(readdirSync(dir)).toEqual(["targets.json"]);
});
