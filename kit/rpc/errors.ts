import * as grpc from "@grpc/grpc-js";
import { BadRequest } from "#gen/google/rpc/error_details.ts";
import { Status } from "#gen/google/rpc/status.ts";

/** What went wrong, in gRPC's words. */
export type Code = Exclude<keyof typeof grpc.status, "OK">;

/** One field of a request that cannot be used, by its path in the request, with a sentence. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** The one error type that crosses a boundary. Everything else leaves as INTERNAL. */
export class MeshError extends Error {
  readonly code: Code;
  readonly violations: readonly FieldViolation[];

  constructor(
    code: Code,
    message: string,
    options: { cause?: unknown; violations?: readonly FieldViolation[] } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "MeshError";
    this.code = code;
    this.violations = options.violations ?? [];
  }

  /** The error itself, the status of a failed call, or INTERNAL with the cause kept for the log. */
  static from(error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    if (isServiceError(error)) {
      const code = (grpc.status[error.code] ?? "UNKNOWN") as Code;
      return new MeshError(code, error.details, {
        cause: error,
        violations: readViolations(error),
      });
    }
    return new MeshError("INTERNAL", "internal error", { cause: error });
  }
}

/** INVALID_ARGUMENT that names every field at fault. */
export function invalidArgument(violations: readonly FieldViolation[]): MeshError {
  const message = violations.map((v) => `${v.field}: ${v.description}`).join("; ");
  return new MeshError("INVALID_ARGUMENT", message, { violations });
}

/** The status to send: code, message, and field violations as `google.rpc.BadRequest`; never the cause. */
export function toStatus(error: MeshError): Partial<grpc.StatusObject> {
  const code = grpc.status[error.code];
  if (error.violations.length === 0) return { code, details: error.message };
  const badRequest = BadRequest.encode({
    fieldViolations: error.violations.map((v) => ({
      ...v,
      reason: "",
      localizedMessage: undefined,
    })),
  }).finish();
  const typeUrl = "type.googleapis.com/google.rpc.BadRequest";
  const details = [{ typeUrl, value: Buffer.from(badRequest) }];
  const metadata = new grpc.Metadata();
  metadata.set(
    "grpc-status-details-bin",
    Buffer.from(Status.encode({ code, message: error.message, details }).finish()),
  );
  return { code, details: error.message, metadata };
}

function isServiceError(error: unknown): error is grpc.ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error && "details" in error;
}

function readViolations(error: grpc.ServiceError): FieldViolation[] {
  const bytes = error.metadata.get("grpc-status-details-bin")[0];
  if (!(bytes instanceof Uint8Array)) return [];
  return Status.decode(bytes)
    .details.filter((any) => any.typeUrl.endsWith("/google.rpc.BadRequest"))
    .flatMap((any) => BadRequest.decode(any.value).fieldViolations)
    .map(({ field, description }) => ({ field, description }));
}
