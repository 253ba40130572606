import * as grpc from "@grpc/grpc-js";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { HealthDefinition } from "#gen/health/v1/health.ts";
import { BackendServiceDefinition } from "#gen/tripmesh/backend/v1/backend_service.ts";
import { createClient } from "./client.ts";
import { invalidArgument, MeshError } from "./errors.ts";
import type { Handlers } from "./handlers.ts";
import { handle, type RpcServer, serve } from "./server.ts";

const log = pino({ level: "silent" });
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

type Backend = Handlers<typeof BackendServiceDefinition>;

async function start(handlers: Partial<Backend>): Promise<RpcServer> {
  const unimplemented = () => {
    throw new MeshError("UNIMPLEMENTED", "not in this test");
  };
  const all = new Proxy(handlers, {
    get: (t, key) => Reflect.get(t, key) ?? unimplemented,
  }) as Backend;
  const server = await serve([handle(BackendServiceDefinition, all)], {
    listen: "127.0.0.1:0",
    log,
  });
  open.push({ close: () => server.close(200) });
  return server;
}

function client(server: RpcServer) {
  const made = createClient(BackendServiceDefinition, server.address);
  open.push(made);
  return made;
}

const caught = (promise: Promise<unknown>) => promise.then(() => undefined, MeshError.from);

describe("rpc", () => {
  test("carries field violations from the handler to the caller", async () => {
    const server = await start({
      getTrip: () => {
        throw invalidArgument([{ field: "trip_id", description: "is required" }]);
      },
    });
    const error = await caught(client(server).getTrip({ tripId: "" }, { timeoutMs: 1000 }));
    expect(error).toMatchObject({
      code: "INVALID_ARGUMENT",
      violations: [{ field: "trip_id", description: "is required" }],
    });
  });

  test("sends no cause of an unknown error to the caller", async () => {
    const server = await start({ getTrip: () => Promise.reject(new Error("password is hunter2")) });
    const error = await caught(client(server).getTrip({ tripId: "t" }, { timeoutMs: 1000 }));
    expect(error).toMatchObject({ code: "INTERNAL", message: "internal error" });
  });

  test("tells the handler when the deadline has passed", async () => {
    const cancelled = Promise.withResolvers<boolean>();
    const server = await start({
      getTrip: (_request, context) => {
        expect(context.remainingMs()).toBeLessThanOrEqual(100);
        return new Promise(() => {
          context.signal.addEventListener("abort", () => cancelled.resolve(context.cancelled));
        });
      },
    });
    const error = await caught(client(server).getTrip({ tripId: "t" }, { timeoutMs: 100 }));
    expect(error?.code).toBe("DEADLINE_EXCEEDED");
    expect(await cancelled.promise).toBe(true);
  });

  test("refuses a message above 4 MiB", async () => {
    const server = await start({ getTrip: () => ({ trip: undefined }) });
    const tripId = "x".repeat(5 << 20);
    const error = await caught(client(server).getTrip({ tripId }, { timeoutMs: 5000 }));
    expect(error?.code).toBe("RESOURCE_EXHAUSTED");
  });

  test("cleans a stream up when its reader leaves", async () => {
    const left = Promise.withResolvers<void>();
    const server = await start({
      async *watchTrip(_request, context) {
        try {
          while (!context.signal.aborted) {
            yield { update: undefined };
            await new Promise((resolve) => setImmediate(resolve));
          }
        } finally {
          left.resolve();
        }
      },
    });
    for await (const _ of client(server).watchTrip({ tripId: "t" }, { timeoutMs: 5000 })) break;
    await left.promise;
  });

  test("writes a stream no faster than it is read", async () => {
    let written = 0;
    const server = await start({
      async *watchTrip() {
        for (; written < 200_000; written++) {
          yield { update: undefined };
        }
      },
    });
    const stream = client(server).watchTrip({ tripId: "t" }, { timeoutMs: 20_000 });
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 300)); // time in which an unbounded writer would finish
    expect(written).toBeLessThan(200_000);
    await reader.return?.();
  });

  test("answers health for the process and each service", async () => {
    const server = await start({});
    const health = createClient(HealthDefinition, server.address);
    open.push(health);
    const service = BackendServiceDefinition.fullName;
    expect((await health.check({ service }, { timeoutMs: 1000 })).status).toBe(2);
    server.setServing(true);
    expect((await health.check({ service }, { timeoutMs: 1000 })).status).toBe(1);
    expect((await health.check({ service: "" }, { timeoutMs: 1000 })).status).toBe(1);
  });

  test("lists the services that it serves, and no other, by reflection v1 and v1alpha", async () => {
    const server = await start({});
    for (const version of ["v1", "v1alpha"]) {
      const names = await listServices(server.address, version);
      expect(names).toContain(BackendServiceDefinition.fullName);
      expect(names).toContain("grpc.health.v1.Health");
      expect(names).not.toContain("DurationService");
    }
  });
});

function listServices(address: string, version: string): Promise<string> {
  const raw = new grpc.Client(address, grpc.credentials.createInsecure());
  open.push(raw);
  const same = (bytes: Buffer) => bytes;
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const call = raw.makeBidiStreamRequest(path, same, same);
  const listEverything = Buffer.from([(7 << 3) | 2, 1, 0x2a]); // list_services = "*"
  return new Promise((resolve, reject) => {
    call.on("data", (answer: Buffer) => resolve(answer.toString("latin1")));
    call.on("error", reject);
    call.write(listEverything);
    call.end();
  });
}
