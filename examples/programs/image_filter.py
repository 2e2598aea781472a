"""A picture with dead pixels: a median over windows removes them, a blur by shifted slices smooths, and a threshold finds the edges."""

import numpy as np

WINDOW = 5
SIGMA = 2.0
DEAD = 0.02  # share of the pixels that are black, and that are white
BINS = 256


def draw_image(size: int) -> np.ndarray:
    """Rings and stripes between 0 and 1, with dead pixels."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    rings = np.sin(40 * np.hypot(rows - 0.4, columns - 0.6))
    image = 0.5 + 0.2 * np.sign(rings) + 0.2 * np.sin(25 * columns + 10 * rows**2)
    rng = np.random.default_rng(0)
    for value in (0.0, 1.0):
        dead = rng.integers(0, size, (2, int(DEAD * size * size)))
        image[dead[0], dead[1]] = value
    return image


def median_filter(image: np.ndarray) -> np.ndarray:
    """The median of the window around each pixel."""
    padded = np.pad(image, WINDOW // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW))
    return np.median(windows, axis=(-2, -1))


def blur(image: np.ndarray) -> np.ndarray:
    """A Gaussian blur, along rows and then along columns."""
    radius = int(3 * SIGMA)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / SIGMA) ** 2)
    weights /= weights.sum()
    for _ in range(2):
        padded = np.pad(image, ((radius, radius), (0, 0)), mode="edge")
        image = sum(weight * padded[k : k + len(image)] for k, weight in enumerate(weights)).T
    return image


def gradient(image: np.ndarray) -> np.ndarray:
    """How steep the picture is at each pixel, by Sobel's differences; zero at the border."""
    across = image[1:-1, 2:] - image[1:-1, :-2]
    across = 2 * across + (image[2:, 2:] - image[2:, :-2]) + (image[:-2, 2:] - image[:-2, :-2])
    down = image[2:, 1:-1] - image[:-2, 1:-1]
    down = 2 * down + (image[2:, 2:] - image[:-2, 2:]) + (image[2:, :-2] - image[:-2, :-2])
    steepness = np.zeros_like(image)
    steepness[1:-1, 1:-1] = np.hypot(across, down)
    return steepness


def otsu_threshold(values: np.ndarray) -> np.ndarray:
    """The threshold that parts values into two classes with the largest variance between them (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins=BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return edges[1:][np.nanargmax(between)]


def main(size: int = 500) -> dict[str, np.ndarray]:
    """Find the edges in a picture of `size` by `size` pixels."""
    clean = median_filter(draw_image(size))
    smooth = blur(clean)
    steepness = gradient(smooth)
    edges = steepness > otsu_threshold(steepness)
    return {"clean": clean, "smooth": smooth, "edges": edges, "edges_per_row": edges.sum(axis=1)}
