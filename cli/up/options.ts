/** What `mesh up` was asked for, with every default filled in. */
export interface UpOptions {
  /** The repository. */
  readonly root: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Where relative paths start that are read later on, such as those of batch jobs. Absolute. */
  readonly cwd: string;
  /** `postgres://…` for Backend's trips; undefined: a SQLite file in the data directory. */
  readonly database: string | undefined;
  /** Absolute path of a file or a folder, or `demo`; undefined: the simulator's own choice. */
  readonly trips: string | undefined;
  /** Simulated seconds a second; `max`: as fast as the mesh answers. */
  readonly speed: number | "max";
  /** Free ports instead of the known ones. */
  readonly autoPorts: boolean;
  /** Stop by itself after so long, ms. */
  readonly forMs: number | undefined;
  readonly replay: boolean;
  /** Stop by itself when the replay has come to its end. */
  readonly exitAfterReplay: boolean;
  /** Trips to replay; undefined: all. */
  readonly tripLimit: number | undefined;
  /** Processes of each consumer service and slot. */
  readonly consumers: number;
  /** How long a slot stays warm after another was promoted, seconds. */
  readonly keepWarmSeconds: number;
  /** How long the event stream may keep acknowledged events from the disk: a span, or `always`. */
  readonly syncInterval: string;
  /** Share of the replayed trips, and of other requests that say nothing about it, whose traces are recorded. */
  readonly traceRate: number;
  /** Every process listens for Prometheus; the data directory says where. */
  readonly metrics: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}
