"""The 265 taxi zones of the TLC: names, boroughs, centroids, and the distances between them."""

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ZONE_SLOTS = 267
"""Rows of every zone table: ids 1 to 265 as the TLC counts, 0 and 266 for everything else."""

PAIR_SLOTS = ZONE_SLOTS * ZONE_SLOTS

_EARTH_RADIUS_MILES = 3958.8


@dataclass(frozen=True)
class Zone:
    """One zone; ids 264 and 265 mean "unknown" and have no place."""

    id: int
    zone: str
    borough: str
    lat: float | None
    lon: float | None


def read_zones(path: Path) -> list[Zone]:
    """Reads `models/zones.json`."""
    return [Zone(**entry) for entry in json.loads(path.read_text())]


def write_zones(csv_folder: Path, path: Path) -> list[Zone]:
    """Makes `zones.json` from the TLC's lookup table and a table of centroids."""
    with (csv_folder / "taxi_zone_centroids.csv").open(newline="") as file:
        # By name: zones 57, 104 and 105 have no outline of their own, but share a name with one that has.
        places = {row["Zone"]: (float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file) if row["lat"]}
    with (csv_folder / "taxi_zone_lookup.csv").open(newline="") as file:
        zones = [
            Zone(int(row["LocationID"]), row["Zone"], row["Borough"], *places.get(row["Zone"], (None, None)))
            for row in csv.DictReader(file)
        ]
    zones.sort(key=lambda zone: zone.id)
    lines = ",\n".join("  " + json.dumps(asdict(zone), ensure_ascii=False) for zone in zones)
    path.write_text(f"[\n{lines}\n]\n")
    return zones


def straight_line_miles(zones: list[Zone]) -> np.ndarray:
    """Great-circle distance between centroids, [PAIR_SLOTS], NaN where a zone has no place."""
    lat = np.full(ZONE_SLOTS, np.nan)
    lon = np.full(ZONE_SLOTS, np.nan)
    for zone in zones:
        if zone.lat is not None and zone.lon is not None:
            lat[zone.id], lon[zone.id] = np.radians(zone.lat), np.radians(zone.lon)
    half_lat = (lat[None, :] - lat[:, None]) / 2
    half_lon = (lon[None, :] - lon[:, None]) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(lat)[:, None] * np.cos(lat)[None, :] * np.sin(half_lon) ** 2
    return (2 * _EARTH_RADIUS_MILES * np.arcsin(np.sqrt(chord))).ravel()
