import type { Readable } from "node:stream";

/** Calls `take` for each line of a stream, at most `maxLength` characters of it. */
export function onLines(stream: Readable, take: (line: string) => void, maxLength = 16_384): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, maxLength); // a process that never ends its line must not eat memory
    for (const line of lines) if (line.trim() !== "") take(line.slice(0, maxLength));
  });
  stream.on("end", () => {
    if (rest.trim() !== "") take(rest);
    rest = "";
  });
}
