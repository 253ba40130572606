import type { ColumnKind } from "../rows/reader.ts";
import type { TableColumn } from "../rows/table.ts";

/** A database server or file, asked one thing at a time. `?` stands for a value in either kind. */
export interface SqlClient {
  /** Names of column types. */
  readonly types: Readonly<Record<ColumnKind | "json", string>>;
  /** Appended to a CREATE TABLE whose rows are found by their key only. */
  readonly byKey: string;
  /** Appended to a SELECT whose row nobody else may change before the transaction ends. */
  readonly forUpdate: string;
  all(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Gives back how many rows were changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
  /** Runs statements without values. */
  script(text: string): Promise<void>;
  /** Inserts rows that have `runId` in front of their columns. */
  insert(table: string, runId: string, columns: readonly TableColumn[]): Promise<void>;
  /** Both or neither of everything in `work`; other writers of the same job wait. Survives a power loss. */
  transaction<T>(job: string, work: () => Promise<T>): Promise<T>;
  /** The same, for rows that nobody sees yet: a power loss may take it back, until the next `transaction` ends. */
  stage<T>(job: string, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
