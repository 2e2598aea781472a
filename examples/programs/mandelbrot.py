"""The Mandelbrot set: how many steps each point of a grid takes to escape, smoothed, and the picture's histogram of them."""

import numpy as np

STEPS = 100
ESCAPED = 4.0  # beyond 2, so that the smooth count is accurate


def main(size: int = 500) -> dict[str, np.ndarray]:
    """Draw `size` rows of the set and as many columns in proportion."""
    x = np.linspace(-2.25, 0.75, 3 * size // 2)
    y = np.linspace(-1.0, 1.0, size)
    c = x + 1j * y[:, np.newaxis]
    z = np.zeros_like(c)
    counts = np.zeros(c.shape, dtype=np.int32)
    inside = np.ones(c.shape, dtype=bool)
    for step in range(STEPS):
        z = np.where(inside, z**2 + c, z)
        inside &= np.abs(z) <= ESCAPED
        counts[inside] = step + 1

    escaped = ~inside
    smooth = np.zeros(c.shape)
    smooth[escaped] = counts[escaped] + 2 - np.log2(np.log(np.abs(z[escaped])))
    histogram, _ = np.histogram(counts, bins=STEPS, range=(0, STEPS))
    return {"counts": counts, "smooth": smooth, "histogram": histogram, "area": np.mean(inside)}
