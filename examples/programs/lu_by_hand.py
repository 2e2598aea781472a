"""Gaussian elimination with partial pivoting, by hand: the factors, the determinant, and a solution checked against the matrix."""

import numpy as np


def factorise(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Lower and upper factor, the order of the rows, and whether that is an even (1) or odd (-1) permutation."""
    size = len(matrix)
    work = matrix.copy()
    order = np.arange(size)
    sign = 1
    for k in range(size - 1):
        pivot = k + int(np.argmax(np.abs(work[k:, k])))
        if pivot != k:
            work[[k, pivot]] = work[[pivot, k]]
            order[[k, pivot]] = order[[pivot, k]]
            sign = -sign
        work[k + 1 :, k] /= work[k, k]
        work[k + 1 :, k + 1 :] -= np.outer(work[k + 1 :, k], work[k, k + 1 :])
    return np.tril(work, -1) + np.eye(size), np.triu(work), order, sign


def substitute(lower: np.ndarray, upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of L U x = b, forward and back."""
    x = right.copy()
    for k in range(len(x)):
        x[k] -= lower[k, :k] @ x[:k]
    for k in reversed(range(len(x))):
        x[k] = (x[k] - upper[k, k + 1 :] @ x[k + 1 :]) / upper[k, k]
    return x


def main(size: int = 80) -> dict[str, np.ndarray]:
    """Factorise a random matrix of `size` by `size` and solve with it."""
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((size, size))
    right = rng.standard_normal(size)
    lower, upper, order, sign = factorise(matrix)
    assert np.allclose(lower @ upper, matrix[order])

    solution = substitute(lower, upper, right[order])
    logarithm = np.log(np.abs(np.diag(upper))).sum()
    residual = np.linalg.norm(matrix @ solution - right)
    assert residual < 1e-8 * np.linalg.norm(right)
    sign = sign * np.prod(np.sign(np.diag(upper)))
    return {"lower": lower, "upper": upper, "order": order, "solution": solution, "sign": sign, "logarithm": logarithm}
