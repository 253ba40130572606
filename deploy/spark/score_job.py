"""Runs a batch job of kind parquet on Spark: `score_job.py JOB --from 2021-01-01 --to 2021-02-01 --out FOLDER`.

The same job file and the same model file as `./mesh batch run`. Rows are scored by `mapInArrow`, one ONNX session a
Python worker; a row keeps the key that the local run gives it, so that both results can be compared row by row. Bad
rows go to `quarantine` beside `rows`; above the job's limit the program fails and what it wrote is not to be read:
Spark's `_SUCCESS` of `rows` is written first, `PUBLISHED.json` last.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import yaml
from contract import Contract
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=Path, help="a job file, source kind parquet")
    parser.add_argument("--from", dest="start", required=True, help="start of the window, such as 2021-01-01")
    parser.add_argument("--to", dest="end", required=True, help="end of the window, not included")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result; must not be there yet")
    parser.add_argument("--master", default="local[2]", help="where Spark runs (default: local[2])")
    options = parser.parse_args(arguments)
    job = yaml.safe_load(options.job.read_text())
    window = (_ms(options.start), _ms(options.end))
    spark = (
        SparkSession.builder.master(options.master)
        .appName(job["name"])
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", 8192)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    try:
        return run(spark, job, window, options.out)
    finally:
        spark.stop()


def run(spark: SparkSession, job: dict, window: tuple[int, int], out: Path) -> int:
    """Scores the window and writes `rows`, `quarantine` and, when the contract holds, `PUBLISHED.json`."""
    card = json.loads((_bundle(job) / "model.json").read_text())
    contract = Contract(job, card, window)
    scored = _source(spark, job, window, contract).mapInArrow(
        _scorer(job, window, str(_bundle(job))), contract.schema_ddl()
    )
    scored = scored.persist()
    good = scored.where(F.col("reason").isNull()).drop("reason")
    bad = scored.where(F.col("reason").isNotNull()).select("row_key", "reason")
    good.write.parquet(str(out / "rows"))
    bad.write.parquet(str(out / "quarantine"))
    rows, quarantined = good.count(), bad.count()
    limit = job.get("quarantine", {}).get("maxShare", 0.01)
    if quarantined > limit * (rows + quarantined):
        print(f"{quarantined} of {rows + quarantined} rows are in quarantine: nothing is published", file=sys.stderr)
        return 1
    published = {"job": job["name"], "model": card["digest"], "window": window, "rows": rows, "bad": quarantined}
    (out / "PUBLISHED.json").write_text(json.dumps(published))
    print(json.dumps(published))
    return 0


def _source(spark: SparkSession, job: dict, window: tuple[int, int], contract: Contract) -> DataFrame:
    """The columns that the job reads, with the name and the number that a row has in its file."""
    path = _fill(job["source"]["url"].removeprefix("parquet:"), window[0])
    frame = spark.read.parquet(path)
    name = F.regexp_extract(F.col("_metadata.file_name"), r"^(.*)\.parquet$", 1)
    key = F.concat(name, F.lit(":"), F.lpad(F.col("_metadata.row_index").cast("string"), 8, "0"))
    rows = frame.select(*[F.col(column) for column in contract.source_columns], key.alias("row_key"))
    # A month is one row group, which would be one task. The key is made before: the number in the file is kept.
    return rows.repartition(spark.sparkContext.defaultParallelism)


def _scorer(job: dict, window: tuple[int, int], bundle: str):
    """What a Python worker does with its part: one session, batch after batch."""

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sys.path.insert(0, str(Path(bundle).parents[2] / "deploy" / "spark"))
        from contract import Contract
        from model import Model

        card = json.loads((Path(bundle) / "model.json").read_text())
        contract, model = Contract(job, card, window), Model(Path(bundle), card)
        for batch in batches:
            yield from contract.apply(batch, model)

    return score


def _bundle(job: dict) -> Path:
    return ROOT / "models" / job["model"].replace("@", "/")


def _fill(url: str, start_ms: int) -> str:
    """Variables of the environment, and the pattern of the window's start."""
    filled = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: os.environ.get(m[1]) or m[2] or "", url)
    start = datetime.fromtimestamp(start_ms / 1000, UTC)
    for pattern, code in {"{yyyy}": "%Y", "{MM}": "%m", "{dd}": "%d", "{HH}": "%H"}.items():
        filled = filled.replace(pattern, start.strftime(code))
    return filled


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
