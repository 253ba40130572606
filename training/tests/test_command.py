"""The command line: errors are one sentence and exit code 1."""

from pathlib import Path

import pytest

from training.__main__ import main


def test_a_missing_month_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "zones.json").write_text("[]")
    assert main(["duration", "v1", "--trips", str(tmp_path), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("training: ")
    assert "green_tripdata_2021-01.parquet is missing" in error
    assert error.count("\n") == 1


def test_an_unknown_version_names_those_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["duration", "v9", "--trips", str(tmp_path)]) == 1
    assert "duration has no version v9; there is v1" in capsys.readouterr().err


def test_a_fresh_out_folder_takes_the_zones_that_are_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["baseline", "--trips", str(tmp_path), "--out", str(tmp_path / "models")]) == 1
    assert "green_tripdata_2021-01.parquet is missing" in capsys.readouterr().err


def test_an_unknown_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["all", "--trips", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_zones_are_made_from_the_lookup_table(tmp_path: Path) -> None:
    (tmp_path / "taxi_zone_lookup.csv").write_text(
        '"LocationID","Borough","Zone","service_zone"\n2,"Queens","Corona","x"\n1,"Queens","Corona","x"\n264,"Unknown","N/A","N/A"\n'
    )
    (tmp_path / "taxi_zone_centroids.csv").write_text(
        "LocationID,Borough,Zone,service_zone,lat,lon\n1,Queens,Corona,x,40.5,-73.5\n2,Queens,Corona,x,,\n264,Unknown,N/A,N/A,,\n"
    )
    assert main(["zones", "--zones", str(tmp_path), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "zones.json").read_text().splitlines() == [
        "[",
        '  {"id": 1, "zone": "Corona", "borough": "Queens", "lat": 40.5, "lon": -73.5},',
        '  {"id": 2, "zone": "Corona", "borough": "Queens", "lat": 40.5, "lon": -73.5},',
        '  {"id": 264, "zone": "N/A", "borough": "Unknown", "lat": null, "lon": null}',
        "]",
    ]
