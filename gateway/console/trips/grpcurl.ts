import type { StoryView } from "../../story/view.ts";

/** A line for a shell that requests the same ride as a new trip. */
export function grpcurlLine(
  { ride, backend }: Pick<StoryView, "ride" | "backend">,
  { requestId, traceparent }: { readonly requestId: string; readonly traceparent: string },
): string {
  const request = JSON.stringify({ requestId, ride }); // numbers and times: nothing that a shell would read
  return [
    "grpcurl -plaintext -H 'x-rider-id: me'",
    `-H 'traceparent: ${traceparent}'`,
    `-d '${request}'`,
    `${backend} tripmesh.backend.v1.BackendService/RequestTrip`,
  ].join(" ");
}
