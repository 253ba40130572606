// What is measured reaches Prometheus and a collector by the names and attributes of the registry, and no others.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../test/harness/free-port.ts";
import { attribute } from "./attributes.ts";
import { add, isMeasuring, observe, record } from "./instruments.ts";
import { type Measuring, startMeasuring } from "./measuring.ts";
import { type Metric, metrics } from "./registry.ts";

const resource = resourceFromAttributes({ "service.name": "test" });
let measuring: Measuring | undefined;
afterEach(async () => {
  await measuring?.stop();
  measuring = undefined;
});

test("Prometheus reads what was measured", async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  measuring = await startMeasuring({ resource, endpoint: undefined, listen });
  const group = { [attribute.messagingGroup]: "tip-blue" };
  add(metrics.deadLetters, 2, group);
  record(metrics.processDuration, 0.02, { ...group, [attribute.outcome]: "done" });
  observe(metrics.outboxDepth, (tell) => tell(7, {}));
  observe(metrics.outboxAge, () => Promise.reject(new Error("the database is away")));
  const text = await (await fetch(`http://${listen}/metrics`)).text();
  expect(text).toMatch(
    /tripmesh_consumer_dead_letters_total\{messaging_consumer_group_name="tip-blue"[^}]*\} 2\n/,
  );
  expect(text).toMatch(
    /messaging_process_duration_bucket\{[^}]*tripmesh_outcome="done"[^}]*le="0\.025"\} 1\n/,
  );
  expect(text).toMatch(/tripmesh_outbox_depth\{[^}]*\} 7\n/);
  expect(text).toMatch(/process_memory_usage\{[^}]*\} \d{7,}/);
  expect(text).not.toMatch(/^tripmesh_outbox_age/m); // left out, and the rest is there
});

test("a gauge has what is so now, and nothing that was; counters stay", async () => {
  measuring = await startMeasuring({ resource, endpoint: undefined, listen: "127.0.0.1:0" });
  const of = { [attribute.modelService]: "tip", [attribute.modelVersion]: "v2" };
  let state: string | undefined = "running";
  observe(metrics.rolloutState, (tell) => {
    if (state !== undefined) tell(1, { ...of, [attribute.state]: state });
  });
  add(metrics.deadLetters, 1, { [attribute.messagingGroup]: "tip-blue" });
  const read = async () => {
    const text = await (await fetch(`http://${measuring?.metrics}/metrics`)).text();
    expect(text).toMatch(/tripmesh_consumer_dead_letters_total\{[^}]*\} 1\n/);
    return [...text.matchAll(/tripmesh_state="(\w+)"/g)].map(([, found]) => found);
  };
  expect(await read()).toEqual(["running"]);
  expect(await read()).toEqual(["running"]);
  state = "held";
  expect(await read()).toEqual(["held"]);
  state = undefined;
  expect(await read()).toEqual([]);
});

test("without anywhere to go nothing is measured", async () => {
  expect(
    await startMeasuring({ resource, endpoint: undefined, listen: undefined }),
  ).toBeUndefined();
  expect(isMeasuring()).toBe(false);
  add(metrics.deadLetters, 1, { [attribute.messagingGroup]: "nobody" });
});

test("where the kernel chooses the port, it is told; everything but /metrics is not there", async () => {
  measuring = await startMeasuring({ resource, endpoint: undefined, listen: "127.0.0.1:0" });
  expect(measuring?.metrics).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  expect((await fetch(`http://${measuring?.metrics}/metrics`)).status).toBe(200);
  expect((await fetch(`http://${measuring?.metrics}/`)).status).toBe(404);
});

test("a port that is taken is a failed start", async () => {
  const listen = `127.0.0.1:${await freePort()}`;
  measuring = await startMeasuring({ resource, endpoint: undefined, listen });
  await expect(startMeasuring({ resource, endpoint: undefined, listen })).rejects.toThrow(
    "EADDRINUSE",
  );
});

test("names are unique, and attributes are of the list", () => {
  const list: readonly Metric[] = Object.values(metrics);
  expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
  const known = new Set<string>(Object.values(attribute));
  for (const { name, attributes, description, unit } of list) {
    expect(name).toMatch(/^[a-z][a-z0-9_.]*$/);
    expect(
      [...attributes].filter((key) => !known.has(key)),
      name,
    ).toEqual([]);
    expect(description.length, name).toBeGreaterThan(10);
    expect(unit, name).not.toBe("");
  }
});

test("nothing is measured or named past the registry, and nothing in it is left unused", () => {
  const sources = ["kit", "services", "gateway", "simulator"].flatMap((folder) =>
    readSources(folder),
  );
  const makers = sources.filter(({ text }) =>
    /\.create(Observable)?(Counter|Gauge|Histogram)\(/.test(text),
  );
  expect(makers.map(({ path }) => path)).toEqual(["kit/telemetry/instruments.ts"]);
  const text = sources.map((source) => source.text).join("\n");
  const unused = (prefix: string, names: readonly string[]) =>
    names.filter((name) => !new RegExp(`\\b${prefix}\\.${name}\\b`).test(text));
  expect(unused("metrics", Object.keys(metrics))).toEqual([]);
  expect(unused("attribute", Object.keys(attribute))).toEqual([]);
});

function readSources(folder: string): { path: string; text: string }[] {
  const root = new URL("../..", import.meta.url).pathname;
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.includes(".test."),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/dist/"))
    .map((path) => ({ path: path.slice(root.length), text: readFileSync(path, "utf8") }));
}
