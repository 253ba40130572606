import { describe, expect, test } from "vitest";
import { type EnvoyOptions, renderEnvoy } from "./render.ts";
import { clusterNames } from "./run-files.ts";
import { expandTemplate } from "./template.ts";

describe("renderEnvoy", () => {
  const options: EnvoyOptions = {
    edge: "0.0.0.0:8080",
    mesh: "127.0.0.1:9000",
    admin: "[::1]:9901",
    runDir: "/run/mesh",
  };
  const render = (changes: Partial<EnvoyOptions> = {}) =>
    JSON.parse(renderEnvoy({ ...options, ...changes }));

  test("makes a cluster for each slot of each service, with its own file of addresses, and a shadow twin", () => {
    const { clusters } = render().static_resources;
    const isShadow = ({ name }: { name: string }) => name.endsWith("-shadow");
    const names = clusters
      .filter((cluster: { name: string }) => !isShadow(cluster))
      .map((cluster: { name: string }) => cluster.name);
    expect(names.toSorted()).toEqual(clusterNames().toSorted());
    expect(clusters.filter(isShadow)).toHaveLength(8);
    for (const cluster of clusters) {
      const processes = cluster.name.replace(/-shadow$/, "");
      expect(cluster.eds_cluster_config).toMatchObject({
        service_name: processes,
        eds_config: { path_config_source: { path: `/run/mesh/eds/${processes}.yaml` } },
      });
    }
  });

  test("starts with everything on blue", () => {
    const [base] = render({ services: ["duration"] }).layered_runtime.layers;
    expect(base.static_layer).toEqual({
      "traffic.duration.duration-blue": 10_000,
      "traffic.duration.duration-green": 0,
      "segment.duration.duration-blue": 10_000,
      "segment.duration.duration-green": 0,
      "mirror.duration.blue": { numerator: 0, denominator: "TEN_THOUSAND" },
      "mirror.duration.green": { numerator: 0, denominator: "TEN_THOUSAND" },
    });
  });

  test("traces both listeners at the rate it is told, or neither", () => {
    const tracing = (changes: Partial<EnvoyOptions>) =>
      render(changes).static_resources.listeners.map(
        (listener: { filter_chains: { filters: { typed_config: { tracing?: object } }[] }[] }) =>
          listener.filter_chains[0]?.filters[0]?.typed_config.tracing,
      );
    expect(tracing({})).toEqual([undefined, undefined]);
    const text = JSON.stringify(tracing({ traceRate: 0.02 }));
    expect(text).toContain('"service_name":"envoy-edge"');
    expect(text).toContain('"service_name":"envoy-mesh"');
    expect(text.match(/"numerator":20000,"denominator":"MILLION"/g)).toHaveLength(2);
  });

  test("listens where it is told", () => {
    const { admin, static_resources: resources } = render();
    const at = (listener: { address: { socket_address: object } }) =>
      listener.address.socket_address;
    expect([...resources.listeners, admin].map(at)).toEqual([
      { address: "0.0.0.0", port_value: 8080 },
      { address: "127.0.0.1", port_value: 9000 },
      { address: "::1", port_value: 9901 },
    ]);
  });

  test.each(["8080", "localhost", "127.0.0.1:99999", "127.0.0.1:http"])("refuses %s", (edge) => {
    expect(() => render({ edge })).toThrow(`edge: "${edge}" is not host:port`);
  });

  test("gives durations as seconds", () => {
    const text = renderEnvoy({ ...options, durationTimeoutMs: 250, backendTimeoutMs: 3000 });
    expect(text).toContain('"timeout": "0.25s"');
    expect(text).toContain('"timeout": "3s"');
    expect(text).not.toContain("$");
  });
});

describe("expandTemplate", () => {
  test("repeats what holds a $for, once per combination; later names may use earlier ones", () => {
    const text = `
      - $for: { service: $services, slot: [blue, green], name: [$service-$slot] }
        name: $name
      - last`;
    expect(expandTemplate(text, { services: ["tip", "cost"] })).toEqual([
      { name: "tip-blue" },
      { name: "tip-green" },
      { name: "cost-blue" },
      { name: "cost-green" },
      "last",
    ]);
  });

  test("repeats it once per map, where the values go together", () => {
    const text = "[{ $for: [{ http: 400, code: 3 }, { http: 404, code: 5 }], $http: $code }]";
    expect(expandTemplate(text, {})).toEqual([{ "400": 3 }, { "404": 5 }]);
  });

  test("repeats the entries of a map that stands alone", () => {
    const text = "weights: { $for: { slot: [blue, green] }, of-$slot: 1 }";
    expect(expandTemplate(text, {})).toEqual({ weights: { "of-blue": 1, "of-green": 1 } });
  });

  test("a merged map is expanded where it is merged", () => {
    const text =
      "[&one { $for: { slot: [blue] }, is: $slot }, { <<: *one, $for: { slot: [green] } }]";
    expect(expandTemplate(text, {})).toEqual([{ is: "blue" }, { is: "green" }]);
  });

  test("leaves out what is not wanted, from lists and from maps", () => {
    const text = "{ a: { $if: $on, x: 1 }, b: [{ $if: $on, y: 2 }, 3] }";
    expect(expandTemplate(text, { on: true })).toEqual({ a: { x: 1 }, b: [{ y: 2 }, 3] });
    expect(expandTemplate(text, { on: false })).toEqual({ b: [3] });
  });

  test("keeps the type of a value that stands alone", () => {
    expect(expandTemplate("[$port, at $port]", { port: 80 })).toEqual([80, "at 80"]);
  });

  test("refuses a name that nobody gives", () => {
    expect(() => expandTemplate("a: $nothing", {})).toThrow("$nothing");
    expect(() => expandTemplate("[{ $for: { slot: blue } }]", {})).toThrow("slot needs a list");
  });
});
