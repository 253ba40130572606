// The `mesh` command. ./mesh brings Node 24 and the packages, then becomes this.
import { fileURLToPath } from "node:url";
import { runProgram } from "./run-program.ts";

// The reader has gone (`| head`, a closed terminal): stop like after any other signal, in order where there is one.
process.stdout.once("error", () => {
  process.stdout.on("error", () => undefined);
  process.kill(process.pid, "SIGTERM");
});
const exitCode = await runProgram(process.argv, {
  root: fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, ""),
  cwd: process.cwd(),
  env: process.env,
  stdout: process.stdout,
  signals: process,
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
});
// By now everything is stopped and printed; an abandoned download must not keep the process.
process.exit(exitCode);
