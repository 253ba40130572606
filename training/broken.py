"""What the versions that are broken on purpose share: they exist to prove that a release stops them.

Each is a sound version's own tables and first trees behind one realistic mistake in the serving graph, so nothing
is fitted for it; fewer trees keep its file small.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from .features import RideInputs
from .graph import Graph
from .recipe import Head, Layout, Recipe, Tables

WARNING = "Deliberately broken, never to be released: kept to prove that a bad candidate is stopped."

_HIGHEST_ZONE = 265


def broken(
    sound: Recipe, version: str, mistake: str, effect: str, serving: Callable[[Graph, Tables], Layout], rounds: int
) -> Recipe:
    """`sound` with at most `rounds` trees a head, served by another layout. `mistake` goes on after "The first trees
    of vN with"; `effect` says what it does to an answer."""
    return replace(
        sound,
        version=version,
        description=f"{WARNING} The first trees of {sound.version} with {mistake}.",
        heads=_first_rounds(sound.heads, rounds),
        built_on=sound,
        serving=serving,
        limits=(WARNING, effect),
    )


def _first_rounds(heads: Sequence[Head], rounds: int) -> tuple[Head, ...]:
    return tuple(replace(head, rounds=min(head.rounds, rounds)) for head in heads)


def ride_to_the_next_zone(graph: Graph) -> RideInputs:
    """The drop-off zone is read as if the tables began at 1."""
    zone = graph.whole("Add", graph.whole("Clip", "dropoff_zone", 0, _HIGHEST_ZONE), 1)
    return RideInputs(graph, dropoff_zone=zone)


ZONES_MISTAKE = ("the drop-off zone off by one", "Every ride is scored as if it ended in the zone after its own.")
"""The mistake and its effect, for the card."""
