"""Gravity between all pairs of bodies: leapfrog steps, with the total energy after each."""

import numpy as np

SOFTENING = 0.05  # keeps close encounters finite
STEP = 0.01
STEPS = 10


def pairwise(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vectors from each body to each other, and the softened squares of their lengths."""
    differences = positions[np.newaxis, :, :] - positions[:, np.newaxis, :]
    squares = (differences**2).sum(axis=-1) + SOFTENING**2
    return differences, squares


def accelerations(positions: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """What all the others do to each body."""
    differences, squares = pairwise(positions)
    pulls = masses * squares**-1.5
    return (pulls[:, :, np.newaxis] * differences).sum(axis=1)


def energy(positions: np.ndarray, velocities: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Kinetic energy, and potential energy of all pairs."""
    kinetic = 0.5 * (masses * (velocities**2).sum(axis=1)).sum()
    _, squares = pairwise(positions)
    pairs = np.outer(masses, masses) / np.sqrt(squares)
    np.fill_diagonal(pairs, 0.0)
    return kinetic - 0.5 * pairs.sum()


def main(size: int = 1000) -> dict[str, np.ndarray]:
    """Let a ball of `size` bodies fall into itself."""
    rng = np.random.default_rng(0)
    positions = rng.standard_normal((size, 3))
    velocities = 0.1 * rng.standard_normal((size, 3))
    masses = rng.uniform(0.5, 1.5, size) / size
    velocities -= (masses[:, np.newaxis] * velocities).sum(axis=0) / masses.sum()

    energies = np.zeros(STEPS)
    pull = accelerations(positions, masses)
    for step in range(STEPS):
        velocities += 0.5 * STEP * pull
        positions += STEP * velocities
        pull = accelerations(positions, masses)
        velocities += 0.5 * STEP * pull
        energies[step] = energy(positions, velocities, masses)
    return {"positions": positions, "velocities": velocities, "energies": energies}
