import { MeshError } from "#kit/rpc/errors.ts";
import { type DownloadOptions, downloadMonth } from "./download.ts";
import { findMonthFiles } from "./month-file.ts";

/** How the trips to replay are looked for. */
export interface ResolveOptions extends DownloadOptions {
  /** Folder with recorded months that is used when it is there. */
  readonly recordedDir: string;
}

/** What will be replayed. */
export type ResolvedTrips =
  | { readonly kind: "recorded"; readonly files: string[] }
  | { readonly kind: "synthetic"; readonly because: string };

/**
 * Decides where trips come from: `option` when given (a file, a folder, or `demo`), else `recordedDir`, else
 * the official monthly file, else the generator, saying so.
 *
 * Throws a `MeshError` with one sentence when `option` names a path without trips. `files` joined with the
 * platform's path delimiter is a valid `MESH_TRIPS`; synthetic trips are `MESH_TRIPS=demo`.
 */
export async function resolveTrips(
  option: string | undefined,
  options: ResolveOptions,
): Promise<ResolvedTrips> {
  if (option === "demo") return { kind: "synthetic", because: "demo trips were asked for" };
  if (option) return recorded(option);
  if (holdsTrips(options.recordedDir)) return recorded(options.recordedDir);
  try {
    return { kind: "recorded", files: [await downloadMonth(options)] };
  } catch (error) {
    const reason = MeshError.from(error).message;
    const because = `there are no trips in ${options.recordedDir}, and ${reason}`;
    options.report(`THE TRIPS ARE SYNTHETIC, drawn from the models' own tables: ${because}`);
    return { kind: "synthetic", because };
  }
}

function recorded(path: string): ResolvedTrips {
  return { kind: "recorded", files: findMonthFiles(path).map((file) => file.path) };
}

function holdsTrips(folder: string): boolean {
  try {
    return findMonthFiles(folder).length > 0;
  } catch {
    return false; // absent or empty: the next way is tried, nobody asked for this one
  }
}
