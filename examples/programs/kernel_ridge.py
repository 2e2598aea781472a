"""Kernel ridge regression: a Gaussian kernel of all pairs of points, a linear system, and predictions for many more points."""

import numpy as np

COLUMNS = 4
WIDTH = 1.0
RIDGE = 1e-2
TESTED = 20  # points to predict for each one that is learnt from


def target(points: np.ndarray) -> np.ndarray:
    """The function to be learnt."""
    return np.sin(2 * points[:, 0]) + points[:, 1] * points[:, 2] - np.abs(points[:, 3])


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The Gaussian kernel of each row of `a` with each of `b`."""
    squares = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.exp(-np.maximum(squares, 0) / (2 * WIDTH**2))


def main(size: int = 1000) -> dict[str, np.ndarray]:
    """Learn from `size` noisy points and predict `TESTED` times as many."""
    rng = np.random.default_rng(0)
    train = rng.uniform(-1, 1, (size, COLUMNS))
    test = rng.uniform(-1, 1, (TESTED * size, COLUMNS))
    values = target(train) + 0.1 * rng.standard_normal(size)

    system = kernel(train, train)
    system[np.diag_indices(size)] += RIDGE * size
    weights = np.linalg.solve(system, values)
    predictions = kernel(test, train) @ weights
    error = np.sqrt(np.mean((predictions - target(test)) ** 2))
    return {"weights": weights, "predictions": predictions, "error": error}
