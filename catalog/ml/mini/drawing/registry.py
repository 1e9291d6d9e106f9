"""Which function draws which kind, and how freely the result may be turned."""

from collections.abc import Callable
from dataclasses import dataclass

from .pen import Pen

Artist = Callable[[Pen], None]


@dataclass(frozen=True, slots=True)
class Entry:
    artist: Artist
    spin: float  # usual rotation either way, degrees
    tilt: float  # the rest position about which it turns, degrees


REGISTRY: dict[str, Entry] = {}


def kind(name: str, *, spin: float = 14, tilt: float = 0) -> Callable[[Artist], Artist]:
    """Register the function that draws `name`, a leaf id of the starter taxonomy."""

    def register(artist: Artist) -> Artist:
        if name in REGISTRY:
            raise ValueError(f"two functions draw {name!r}")
        REGISTRY[name] = Entry(artist, spin, tilt)
        return artist

    return register
