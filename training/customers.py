"""The customer table: IBM's sample "Telco Customer Churn", read as it is.

Columns keep their text; encoding them is the graph's work, so that a caller feeds the fields of its own table.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .contract import Field

HIGHEST_TENURE_MONTHS = 1200
HIGHEST_MONTHLY_USD = 1000.0
HIGHEST_TOTAL_USD = 100_000.0
"""Ranges of the contract, far above the sample's largest values (72 months, 118.75 USD, 8,684.80 USD)."""

_KEY = "customerID"
_TRUTH = "Churn"
_TRUTHS = {"Yes": True, "No": False}
_SOURCE = 'IBM\'s sample data "Telco Customer Churn" (a CSV of 7,043 customers)'


class CustomersError(Exception):
    """The customer table cannot be used; the message says what to do."""


def _text(name: str, description: str) -> Field:
    return Field(name, "string", "category", description)


FIELDS: dict[str, Field] = {
    "gender": _text("gender", "Female or Male."),
    "SeniorCitizen": Field("senior_citizen", "int64", "flag", "1 for a senior citizen, else 0.", 0, 1),
    "Partner": _text("partner", "Yes or No."),
    "Dependents": _text("dependents", "Yes or No."),
    "tenure": Field(
        "tenure_months", "int64", "months", "Months as a customer; 0 before the first bill.", 0, HIGHEST_TENURE_MONTHS
    ),
    "PhoneService": _text("phone_service", "Yes or No."),
    "MultipleLines": _text("multiple_lines", "Yes, No or No phone service."),
    "InternetService": _text("internet_service", "DSL, Fiber optic or No."),
    "OnlineSecurity": _text("online_security", "Yes, No or No internet service."),
    "OnlineBackup": _text("online_backup", "Yes, No or No internet service."),
    "DeviceProtection": _text("device_protection", "Yes, No or No internet service."),
    "TechSupport": _text("tech_support", "Yes, No or No internet service."),
    "StreamingTV": _text("streaming_tv", "Yes, No or No internet service."),
    "StreamingMovies": _text("streaming_movies", "Yes, No or No internet service."),
    "Contract": _text("contract", "Month-to-month, One year or Two year."),
    "PaperlessBilling": _text("paperless_billing", "Yes or No."),
    "PaymentMethod": _text("payment_method", "For example Electronic check or Credit card (automatic)."),
    "MonthlyCharges": Field(
        "monthly_charges_usd", "float32", "USD", "Charge of the last month.", 0, HIGHEST_MONTHLY_USD
    ),
    "TotalCharges": Field(
        "total_charges_usd",
        "float32",
        "USD",
        "All charges so far; NaN where the table is blank: no bill yet.",
        0,
        HIGHEST_TOTAL_USD,
        optional=True,
    ),
}
"""Input of the model by column of the table, in order."""


@dataclass(frozen=True)
class Customers:
    """The table's rows, in its order."""

    file_name: str
    sha256: str
    keys: np.ndarray
    feed: dict[str, np.ndarray]
    """Inputs of the model by name."""
    churned: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: np.ndarray) -> "Customers":
        feed = {name: values[rows] for name, values in self.feed.items()}
        return Customers(self.file_name, self.sha256, self.keys[rows], feed, self.churned[rows])


def load_customers(path: Path) -> Customers:
    """Reads the table; a missing file or column, or a value that is no number, is one sentence."""
    if not path.is_file():
        raise CustomersError(f"{path} is missing: get {_SOURCE} and name it with --customers")
    content = path.read_bytes()
    reader = csv.DictReader(content.decode("utf-8-sig").splitlines())
    missing = [name for name in (_KEY, *FIELDS, _TRUTH) if name not in (reader.fieldnames or ())]
    if missing:
        raise CustomersError(f"{path.name} has no column {', '.join(missing)}: it needs the columns of {_SOURCE}")
    rows = list(reader)
    if not rows:
        raise CustomersError(f"{path.name} has no rows")
    feed = {field.name: _column(path, rows, source, field) for source, field in FIELDS.items()}
    keys = np.array([row[_KEY] for row in rows])
    return Customers(path.name, hashlib.sha256(content).hexdigest(), keys, feed, _truth(path, rows))


def _column(path: Path, rows: list[dict], source: str, field: Field) -> np.ndarray:
    if field.dtype == "string":
        return np.array([row[source] for row in rows], dtype=object)
    return np.array([_number(path, line, row[source], source, field) for line, row in enumerate(rows, 2)], field.dtype)


def _number(path: Path, line: int, text: str | None, source: str, field: Field) -> float:
    """A number of the table; blank is NaN where the contract allows it."""
    if not (text or "").strip() and field.optional:
        return np.nan
    try:
        return float(text or "")
    except ValueError:
        raise CustomersError(f"{path.name}, line {line}: {source} is {text!r}, not a number") from None


def _truth(path: Path, rows: list[dict]) -> np.ndarray:
    for line, row in enumerate(rows, 2):
        if row[_TRUTH] not in _TRUTHS:
            raise CustomersError(f"{path.name}, line {line}: {_TRUTH} is {row[_TRUTH]!r}, neither Yes nor No")
    return np.array([_TRUTHS[row[_TRUTH]] for row in rows])


def is_held_out(keys: np.ndarray) -> np.ndarray:
    """A fifth of the customers, by the first 8 bytes of the SHA-256 of their key: it moves with no other row."""
    digests = (hashlib.sha256(str(key).encode()).digest() for key in keys)
    return np.array([int.from_bytes(digest[:8], "big") % 5 == 0 for digest in digests], bool)
