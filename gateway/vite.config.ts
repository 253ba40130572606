import { resolve } from "node:path";
import { build, defineConfig } from "vite";

// Where to write: the set-up builds beside the pages that are being served and then swaps them in.
const outDir = process.env["MESH_PAGES_OUT"] ?? "dist";
const folder = import.meta.dirname;

/** Builds each page on its own, into a folder of its own: the console's code is never on the edge. */
export default defineConfig({
  builder: {
    async buildApp({ environments }) {
      for (const page of ["rider", "console"]) {
        await build({
          configFile: false,
          root: resolve(folder, page),
          base: "./", // the page is at / wherever it is served
          logLevel: "warn",
          oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
          build: { outDir: resolve(folder, outDir, page), emptyOutDir: true },
        });
      }
      // Vite would go on to build this folder, which is no page.
      for (const environment of Object.values(environments)) environment.isBuilt = true;
    },
  },
});
