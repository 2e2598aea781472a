"""The nearest flights in every framework, as the script runs them: under the limit, and the same flights."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_version_stays_under_the_limit_and_finds_the_same_flights() -> None:
    """100 queries want a distance matrix of 135 MB; 64 MB have to do."""
    command = [sys.executable, str(ROOT / "examples" / "knn_compare.py"), "--queries", "100", "--limit", "64MB"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if " of 64.0 MB" in line or " of 63." in line]
    assert len(lines) >= 5, done.stdout  # two more with torch
