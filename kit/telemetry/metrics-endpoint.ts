import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import type { IMetricReader } from "@opentelemetry/sdk-metrics";
import { onlyPresent } from "./only-present.ts";

/** Where Prometheus reads this process, `/metrics`. */
export interface MetricsEndpoint {
  readonly reader: IMetricReader;
  /** `host:port`, with the port that it got. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Listens before its reader is given to a provider, so that a port that is taken is a failed start. The exporter's
 * own server does not tell which port it got.
 */
export async function openMetricsEndpoint(listen: string): Promise<MetricsEndpoint> {
  const colon = listen.lastIndexOf(":");
  const [host, port] = [listen.slice(0, colon), Number(listen.slice(colon + 1))];
  const exporter = onlyPresent(new PrometheusExporter({ preventServerStart: true }));
  const server = createServer((request, response) => {
    if (request.url?.split("?")[0] === "/metrics") {
      exporter.getMetricsRequestHandler(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(port, host);
  await once(server, "listening"); // or its error
  server.unref(); // a process that is done need not wait for who might still want to read
  return {
    reader: exporter,
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
