"""The check that `frontends` and `xla_passes`, whose names are common, are memarray's own and nothing shadows them."""

import importlib
from pathlib import Path

SIBLINGS = ("frontends", "xla_passes")


def check_siblings(home: Path | None = None, names: tuple[str, ...] = SIBLINGS) -> None:
    """Raise ImportError unless the packages `names` are installed beside memarray.

    Parameters
    ----------
    home : path, optional
        The folder that they should be in; by default the one that memarray is in.
    """
    expected = (home or Path(__file__).parent.parent).resolve()
    for name in names:
        found = importlib.import_module(name)
        places = [Path(place).resolve().parent for place in getattr(found, "__path__", [found.__file__ or "."])]
        if expected not in places:
            raise ImportError(
                f"memarray needs its own package `{name}` from {expected}, but Python found another one in "
                f"{', '.join(map(str, places))}. Rename or move that one, or start Python where it is not in the way: the first entry of "
                "sys.path is the folder of the script, or the current folder."
            )
