"""Lloyd's algorithm: points go to the nearest centre, centres to the mean of their points, until nothing changes."""

import numpy as np

CLUSTERS = 200
COLUMNS = 16
MAXIMUM_ROUNDS = 20


def draw_points(size: int) -> np.ndarray:
    """Points around as many centres as will be looked for."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-4, 4, (CLUSTERS, COLUMNS))
    return centres[rng.integers(0, CLUSTERS, size)] + rng.standard_normal((size, COLUMNS))


def nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each point, the nearest centre and the squared distance to it."""
    distances = ((points[:, np.newaxis, :] - centres[np.newaxis, :, :]) ** 2).sum(axis=2)
    labels = distances.argmin(axis=1)
    return labels, distances[np.arange(len(points)), labels]


def means(points: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The mean of each centre's points; a centre without points stays where it is."""
    sums = np.zeros_like(centres)
    np.add.at(sums, labels, points)
    counts = np.bincount(labels, minlength=len(centres))
    return np.where(counts[:, np.newaxis] > 0, sums / np.maximum(counts, 1)[:, np.newaxis], centres)


def main(size: int = 10_000) -> dict[str, np.ndarray]:
    """Find the clusters of `size` points."""
    points = draw_points(size)
    centres = points[:CLUSTERS].copy()
    labels = np.full(size, -1)
    for _ in range(MAXIMUM_ROUNDS):
        found, distances = nearest(points, centres)
        if np.array_equal(found, labels):
            break
        labels = found
        centres = means(points, labels, centres)
    order = np.argsort(-np.bincount(labels, minlength=CLUSTERS), kind="stable")
    return {"centres": centres[order], "labels": labels, "inertia": distances.sum()}
