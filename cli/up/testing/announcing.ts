// A child for tests: announces itself like a mesh process, then does what it is told.
//   die-after MS    exits with 3 after so long
//   stubborn        ignores SIGTERM
//   finish-after MS exits with 0 after so long
//   mute            never announces
const [behaviour, ms = "0"] = process.argv.slice(2);
const keepAlive = setInterval(() => undefined, 1_000);
process.on("disconnect", () => process.exit(0));
process.stdout.write(`${JSON.stringify({ level: "info", message: "hello", pid: process.pid })}\n`);
if (behaviour === "stubborn") process.on("SIGTERM", () => undefined);
if (behaviour === "die-after") setTimeout(() => process.exit(3), Number(ms));
if (behaviour === "finish-after") {
  setTimeout(() => {
    clearInterval(keepAlive);
    process.exit(0);
  }, Number(ms));
}
if (behaviour !== "mute") {
  process.send?.({ ready: true, listening: { rpc: `127.0.0.1:${process.pid}` } });
}
