"""memarray: write plain JAX, name a memory limit; the program is split so that its peak stays under it, and run by XLA."""

from memarray._installation import check_siblings

check_siblings()  # before anything of `frontends` or `xla_passes` is used

from memarray._config import config, memory_limit  # noqa: E402  # the check has to come first
from memarray._runtime import compiler_options  # noqa: E402
from memarray._version import __version__  # noqa: E402
from memarray._wrap import plan, wrap  # noqa: E402
from memarray.errors import MemoryLimitError, UnsupportedOpError  # noqa: E402

__all__ = [
    "MemoryLimitError",
    "UnsupportedOpError",
    "__version__",
    "compiler_options",
    "config",
    "memory_limit",
    "plan",
    "wrap",
]
