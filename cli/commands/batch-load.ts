import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Command } from "commander";
import { parse } from "csv-parse";
import { quote } from "../../services/batch/source/quote.ts";
import { Problem } from "../problem.ts";
import { numberText } from "../rollout/report/amounts.ts";
import type { CommandContext } from "./context.ts";

interface Flags {
  into: string;
  table: string;
}

const HELP = `
Every column becomes text, as it stands in the file; a job's contract says what it is to be. The table is replaced in
one step.

Example:
  mesh batch load telco_customers.csv --into .mesh/customers.db --table customers`;

/** `mesh batch load`: a CSV file as a table of a source database. */
export function loadCommand({ cwd, print }: CommandContext): Command {
  return new Command("load")
    .description("read a CSV file into a table of a SQLite database, for jobs to read")
    .argument("<csv>", "the file; its first line names the columns")
    .requiredOption("--into <file>", "SQLite database, made if it is not there")
    .requiredOption("--table <name>", "table, replaced if it is there")
    .addHelpText("after", HELP)
    .action(async (csv: string, { into, table }: Flags) => {
      const rows = await loadCsv(resolve(cwd, csv), resolve(cwd, into), table);
      print(`${basename(csv)}: ${numberText(rows)} rows in ${table}`);
    });
}

async function loadCsv(csv: string, database: string, table: string): Promise<number> {
  await mkdir(dirname(database), { recursive: true });
  const db = new DatabaseSync(database, { timeout: 5_000 });
  db.exec("PRAGMA journal_mode=WAL; BEGIN IMMEDIATE");
  try {
    const file = createReadStream(csv);
    const parser = parse({ bom: true });
    file.on("error", (cause) => parser.destroy(cause)); // a pipe does not pass it on
    const rows = await insertRows(db, table, file.pipe(parser));
    db.exec("COMMIT");
    return rows;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(`${csv} cannot be loaded: ${reason}.`, { cause });
  } finally {
    db.close(); // takes an open transaction back
  }
}

async function insertRows(
  db: DatabaseSync,
  table: string,
  records: AsyncIterable<string[]>,
): Promise<number> {
  let insert: ReturnType<typeof db.prepare> | undefined;
  let rows = 0;
  for await (const record of records) {
    if (insert) {
      insert.run(...record);
      rows++;
      continue;
    }
    db.exec(`DROP TABLE IF EXISTS ${quote(table)}`);
    db.exec(`CREATE TABLE ${quote(table)} (${record.map((name) => `${quote(name)} TEXT`)})`);
    insert = db.prepare(`INSERT INTO ${quote(table)} VALUES (${record.map(() => "?")})`);
  }
  if (!insert) throw new Error("it has no line that names the columns");
  return rows;
}
