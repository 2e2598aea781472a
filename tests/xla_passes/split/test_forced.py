"""Every axis of every value of small programs, split into any number of pieces: the results stay those of the unsplit program."""

import pytest

from tests.helpers import evaluate, run
from tests.xla_passes.split.programs import COMPILED, PROGRAMS
from tests.xla_passes.split.splitting import assert_agree, canonical, places, split, sums_floats
from xla_passes.module import shape_of
