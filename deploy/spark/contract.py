"""A job's inputs and kept columns over Arrow: what `services/batch/rows/` does, for columns of numbers and times.

Only what the parquet jobs of the project need: `integer`, `number`, `wall-seconds` and `minutes-between`, without
repeated keys. A job that needs more is refused, not run differently.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TYPES = {"int64": "integer", "float32": "number"}
_KINDS = {"integer": "bigint", "number": "double", "wall-seconds": "bigint", "minutes-between": "double"}
_LARGEST_WHOLE = 2.0**53 - 1


class Contract:
    """Casts, checks and scores batches of one job's window."""

    def __init__(self, job: dict, card: dict, window: tuple[int, int]) -> None:
        if job["source"]["kind"] != "parquet" or "key" in job["source"] or "offers" in job:
            raise ValueError("only parquet sources without a key and without offers run on Spark")
        self._card, self._window = card, window
        self._time = job["source"].get("time")
        self._columns: dict[str, dict] = {}
        for entry in card["inputs"]:
            spec = job["inputs"][entry["name"]]
            if spec is not None:
                self._columns[entry["name"]] = _spec(spec, _TYPES[entry["dtype"]])
        for name, spec in job.get("keep", {}).items():
            self._columns[name] = _spec(spec, "number")
        named = [column for spec in self._columns.values() for column in spec["from"]]
        self.source_columns = list(dict.fromkeys(named + ([self._time] if self._time else [])))

    def schema_ddl(self) -> str:
        """Columns of the result, in the order of the local run's, and the reason of a bad row."""
        kinds = {name: _KINDS[spec["type"]] for name, spec in self._columns.items()}
        outputs = {entry["name"]: "float" for entry in self._card["outputs"]}
        columns = {"row_key": "string", "event_ms": "bigint", **kinds, **outputs, "reason": "string"}
        return ", ".join(f"`{name}` {kind}" for name, kind in columns.items())

    def apply(self, batch: pa.RecordBatch, model) -> Iterator[pa.RecordBatch]:
        """The rows of the window, scored, or with the reason why not."""
        times = _numbers(batch.column(self._time)) if self._time else np.full(len(batch), float(self._window[0]))
        with np.errstate(invalid="ignore"):
            inside = ~((times < self._window[0]) | (times >= self._window[1]))
        batch, times = batch.filter(pa.array(inside)), times[inside]
        if len(batch) == 0:
            return
        reasons = np.where(np.isnan(times), f"{self._time} is no time", "").astype(object)
        values = {name: self._read(name, spec, batch, reasons) for name, spec in self._columns.items()}
        good = np.array([reason == "" for reason in reasons])
        feed = {entry["name"]: self._feed(entry, values, good) for entry in self._card["inputs"]}
        scored = model.score(feed) if good.any() else {}
        columns = [batch.column("row_key"), _whole(times, good)]
        for name, spec in self._columns.items():
            whole = _KINDS[spec["type"]] == "bigint"
            columns.append(_whole(values[name], good) if whole else _nullable(values[name]))
        for entry in self._card["outputs"]:
            output = np.full(len(batch), np.nan, dtype=np.float32)
            if good.any():
                output[good] = scored[entry["name"]]
            reasons[good & ~np.isfinite(output)] = f"{self._card['service']} answers no number"
            columns.append(pa.array(output))
        columns.append(pa.array([reason or None for reason in reasons], pa.string()))
        names = ["row_key", "event_ms", *self._columns, *(e["name"] for e in self._card["outputs"]), "reason"]
        yield pa.RecordBatch.from_arrays(columns, names=names)

    def _read(self, name: str, spec: dict, batch: pa.RecordBatch, reasons: np.ndarray) -> np.ndarray:
        """A column as doubles with NaN for none; what is wrong is added to the rows' reasons."""
        cells = [_numbers(batch.column(column)) for column in spec["from"]]
        value = (cells[1] - cells[0]) / 60_000 if spec["type"] == "minutes-between" else cells[0]
        if spec["type"] == "wall-seconds":
            value = np.floor(value / 1000)
        missing = np.isnan(value)
        with np.errstate(invalid="ignore"):
            wrong = ~missing & ~((value >= spec["minimum"]) & (value <= spec["maximum"]))
            if spec["type"] == "integer":
                wrong |= ~missing & ((value != np.floor(value)) | (np.abs(value) > _LARGEST_WHOLE))
        wrong |= np.isinf(value)
        if spec["maxNullShare"] == 0:
            wrong |= missing
        for row in np.flatnonzero(wrong):
            reasons[row] = "; ".join(filter(None, [reasons[row], f"{name}: {value[row]} cannot be used"]))
        return value

    def _feed(self, entry: dict, values: dict[str, np.ndarray], good: np.ndarray) -> np.ndarray:
        column = values.get(entry["name"])
        if column is None:
            return np.full(int(good.sum()), np.nan, dtype=np.float32)
        return column[good].astype(np.int64 if entry["dtype"] == "int64" else np.float32)


def _spec(spec: dict | str, default: str) -> dict:
    full = {"from": spec} if isinstance(spec, str) else spec
    type_name = full.get("type", default)
    if type_name not in _KINDS or "values" in full:
        raise ValueError(f"a column of type {type_name}, or of known values, is not run on Spark")
    return {
        "from": [full["from"]] if isinstance(full["from"], str) else list(full["from"]),
        "type": type_name,
        "minimum": full.get("minimum", -np.inf),
        "maximum": full.get("maximum", np.inf),
        "maxNullShare": full.get("maxNullShare", 0),
    }


def _numbers(column: pa.Array) -> np.ndarray:
    """Cells as doubles; times as ms since 1970 on their own clock; NaN for none."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms", tz=column.type.tz), safe=False).cast(pa.int64())
    return pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _whole(values: np.ndarray, good: np.ndarray) -> pa.Array:
    usable = good & np.isfinite(values)
    return pa.array(np.where(usable, values, 0).astype(np.int64), mask=~usable)


def _nullable(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
