"""churn on a tiny made-up table: what is read, what is refused, what the graph does with what it has not seen."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from training.__main__ import main
from training.bundle import check_rows_same_bits
from training.churn import INPUTS, OUTPUTS, build, fit
from training.churn_run import check_awkward_customers
from training.customers import FIELDS, CustomersError, is_held_out, load_customers
from training.fitting import session
from training.graph import to_bytes

ROWS = 300


@pytest.fixture
def table() -> list[dict[str, str]]:
    """Customers on monthly contracts leave more often; the first has no bill yet."""
    random = np.random.default_rng(5)
    rows = []
    for number in range(ROWS):
        monthly = random.random() < 0.5
        row = {name: random.choice(["Yes", "No"]) for name, field in FIELDS.items() if field.dtype == "string"}
        row |= {
            "customerID": f"c{number}",
            "SeniorCitizen": "0",
            "tenure": str(number % 70),
            "Contract": "Month-to-month" if monthly else "Two year",
            "MonthlyCharges": f"{random.uniform(20, 110):.2f}",
            "TotalCharges": " " if number == 0 else str(number),
            "Churn": "Yes" if random.random() < (0.6 if monthly else 0.05) else "No",
        }
        rows.append(row)
    return rows


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_blank_total_is_unknown(table: list[dict[str, str]], tmp_path: Path) -> None:
    total = load_customers(write(tmp_path / "c.csv", table)).feed["total_charges_usd"]
    assert np.isnan(total[0])
    assert total[1:].tolist() == list(range(1, ROWS))


def test_what_cannot_be_read_is_a_precise_sentence(table: list[dict[str, str]], tmp_path: Path) -> None:
    table[4]["MonthlyCharges"] = "much"
    with pytest.raises(CustomersError, match="line 6: MonthlyCharges is 'much', not a number"):
        load_customers(write(tmp_path / "c.csv", table))
    for row in table:
        del row["Contract"]
    with pytest.raises(CustomersError, match="c.csv has no column Contract: "):
        load_customers(write(tmp_path / "c.csv", table))


def test_a_missing_table_says_where_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["churn", "v1", "--customers", str(tmp_path / "none.csv")]) == 1
    error = capsys.readouterr().err
    assert "none.csv is missing: get IBM's sample" in error
    assert error.count("\n") == 1


def test_the_split_depends_on_the_key_alone() -> None:
    keys = np.array([f"c{number}" for number in range(5000)])
    held_out = is_held_out(keys)
    assert 0.17 < held_out.mean() < 0.23
    assert (is_held_out(keys[::-1])[::-1] == held_out).all()


def test_the_graph_takes_raw_fields_and_keeps_its_promises(table: list[dict[str, str]], tmp_path: Path) -> None:
    customers = load_customers(write(tmp_path / "c.csv", table))
    model = build(fit(customers, 4, 10), 0.1)
    check_rows_same_bits("churn", model, customers.feed)
    check_awkward_customers(model)
    runtime = session(model)
    assert [entry.name for entry in runtime.get_inputs()] == [field.name for field in INPUTS]
    assert [entry.name for entry in runtime.get_outputs()] == [field.name for field in OUTPUTS]
    feed = {name: values[:1].repeat(2) for name, values in customers.feed.items()}
    feed["contract"] = np.array(["Month-to-month", "Two year"], object)
    monthly, two_years = runtime.run(None, feed)[0]
    assert monthly > two_years + 0.1


def test_the_same_table_gives_the_same_digest(table: list[dict[str, str]], tmp_path: Path) -> None:
    customers = load_customers(write(tmp_path / "c.csv", table))
    digests = {hashlib.sha256(to_bytes(build(fit(customers, 4, 10), 0.1))).hexdigest() for _ in range(2)}
    assert len(digests) == 1
    assert hashlib.sha256(to_bytes(build(fit(customers.take(np.arange(200)), 4, 10), 0.1))).hexdigest() not in digests
