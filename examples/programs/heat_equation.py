"""Heat spreads over a plate with a hot disc, a cold edge and an insulated one: explicit steps of the five-point stencil, in place."""

import numpy as np

STEPS = 500
RATE = 0.2  # diffusivity times the time step over the square of the grid's; stable up to 0.25
HOT = 100.0


def advance(plate: np.ndarray, source: np.ndarray) -> None:
    """One step of time: each inner point moves towards the mean of its four neighbours."""
    inner = plate[1:-1, 1:-1]
    inner += RATE * (plate[:-2, 1:-1] + plate[2:, 1:-1] + plate[1:-1, :-2] + plate[1:-1, 2:] - 4 * inner)
    plate[:, -1] = plate[:, -2]  # insulated: no heat crosses this edge
    plate[source] = HOT


def main(size: int = 500) -> dict[str, np.ndarray]:
    """Heat a plate of `size` by `size` points."""
    rows, columns = np.mgrid[0:size, 0:size]
    source = (rows - size // 2) ** 2 + (columns - size // 3) ** 2 < (size // 10) ** 2
    plate = np.zeros((size, size))
    plate[source] = HOT

    means = np.zeros(STEPS)
    for step in range(STEPS):
        advance(plate, source)
        means[step] = plate.mean()
    down, across = np.gradient(plate)
    return {"plate": plate, "means": means, "flow": np.hypot(down, across)}
