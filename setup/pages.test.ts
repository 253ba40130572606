import { afterEach, beforeEach, expect, test } from "vitest";
import { createTrial, type Trial } from "./trial.ts";

// Stands for Vite: writes both pages where the configuration would.
const VITE = `import { cpSync } from "node:fs";
for (const page of ["rider", "console"]) {
  cpSync("gateway/" + page, (process.env.MESH_PAGES_OUT ?? "gateway/dist") + "/" + page, { recursive: true });
}\n`;

let trial: Trial;
beforeEach(() => {
  trial = createTrial();
  trial.write("gateway/vite.config.ts", "export default {};\n");
  trial.write("gateway/rider/index.html", "rider 1");
  trial.write("gateway/console/index.html", "console 1");
  trial.write("node_modules/vite/bin/vite.js", VITE);
  trial.write("node_modules/vite/package.json", '{ "type": "module" }');
});
afterEach(() => trial.remove());

test("the pages are built once, and again when a source has changed", async () => {
  const first = await trial.run("./mesh");
  expect(first.stderr).toMatch(/\nPages: built in \d+ s\n$/);
  expect(trial.read("gateway/dist/console/index.html")).toBe("console 1");
  expect(await trial.run("./mesh")).toMatchObject({ code: 0, stderr: "" });

  trial.write("gateway/rider/index.html", "rider 2");
  trial.write("gateway/dist/rider/old.js", "");
  expect((await trial.run("./mesh")).stderr).toContain("built in");
  expect(trial.read("gateway/dist/rider/index.html")).toBe("rider 2");
  expect(trial.has("gateway/dist/rider/old.js")).toBe(false);
});

test("a build that fails says where its log is, keeps the old pages, and is tried again", async () => {
  await trial.run("./mesh");
  trial.write("gateway/rider/index.html", "rider 2");
  trial.write("node_modules/vite/bin/vite.js", 'throw new Error("no such import");\n');
  for (let run = 1; run <= 2; run++) {
    const ended = await trial.run("./mesh");
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toMatch(
      /\nThe pages cannot be built: read Vite's log, .*\/\.tools\/pages\.log\.\n$/,
    );
  }
  expect(trial.read(".tools/pages.log")).toContain("no such import");
  expect(trial.read("gateway/dist/rider/index.html")).toBe("rider 1");
});
