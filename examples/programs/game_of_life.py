"""Conway's game of life on a torus, with the number of living cells after each generation."""

import numpy as np

GENERATIONS = 100
NEIGHBOURS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]


def next_generation(board: np.ndarray) -> np.ndarray:
    """Three neighbours give life, two preserve it."""
    cells = board.astype(np.uint8)
    counts = np.zeros_like(cells)
    for shift in NEIGHBOURS:
        counts += np.roll(cells, shift, axis=(0, 1))
    return (counts == 3) | (board & (counts == 2))


def main(size: int = 1000) -> dict[str, np.ndarray]:
    """Play on a board of `size` by `size`, half of it alive."""
    board = np.random.default_rng(0).integers(0, 2, (size, size), dtype=np.uint8).astype(bool)
    glider = np.array([[0, 1, 0], [0, 0, 1], [1, 1, 1]], dtype=bool)
    board[:9, :9] = False
    board[3:6, 3:6] = glider

    population = np.empty(GENERATIONS, dtype=np.int64)
    ages = np.zeros((size, size), dtype=np.int32)
    for generation in range(GENERATIONS):
        board = next_generation(board)
        ages += 1
        ages[~board] = 0
        population[generation] = np.count_nonzero(board)
    return {"board": board, "ages": ages, "population": population}
