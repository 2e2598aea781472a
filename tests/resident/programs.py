"""Programs whose resident peak is held against report + work space: each moves tens of megabytes, so that what is hidden shows."""

import ctypes
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from memarray._runtime import CPU_OPTIONS
from tests.helpers import compile_module, record, spec
from xla_passes.analysis.workspace import workspace_bytes
from xla_passes.canonicalise.inline import InlineCalls
from xla_passes.plan import Report
from xla_passes.rewrites.canonical_convolution import CanonicalConvolution
from xla_passes.rewrites.stable_sort import UnstableSort

F32, F64, BF16, F16, I8, I32, C64 = np.float32, np.float64, jnp.bfloat16, np.float16, np.int8, np.int32, np.complex64
NHWC = ("NHWC", "HWIO", "NHWC")
M_MMAP_THRESHOLD = -3


def einsum(expression, **options):
    return lambda a, b: jnp.einsum(expression, a, b, **options)


def conv(**options):
    return lambda x, w: lax.conv_general_dilated(x, w, (1, 1), ((1, 1), (1, 1)), dimension_numbers=NHWC, **options)


def knn_loop(q, x):
    """Row pieces by dynamic_slice, matrix-product distances, two-level top-k left out: what the splitter writes."""
    norms = (x * x).sum(1)

    def body(i, buffer):
        piece = lax.dynamic_slice_in_dim(q, i * 500, 500)
        distances = norms - 2 * piece @ x.T
        return lax.dynamic_update_slice_in_dim(buffer, distances.min(1), i * 500, 0)

    return lax.fori_loop(0, q.shape[0] // 500, body, jnp.zeros(q.shape[0], q.dtype))


def packed_loop(a, b):
    """Every iteration's product packs its right operand anew."""
    return lax.fori_loop(0, 4, lambda i, total: total + jnp.einsum("km,kn->mn", a * i, b).sum(), 0.0)


def chain_loop(s, b, c, d, e):
    """Four kinds of work space one after the other, again and again: they must not pile up."""

    def body(i, total):
        first = lax.sort(s * (total + i))[0]
        second = jnp.einsum("km,kn->mn", b * first, c)[0, 0]
        third = ((d * second) @ e)[0, 0]
        return lax.top_k(s * third, 5)[0][0]

    return lax.fori_loop(0, 4, body, 1.0)


def kernel_gradient_loop(x, slopes):
    """The gradient of a convolution's kernel, summed over batches: what splitting a network's gradient writes."""
    order = lax.ConvDimensionNumbers((3, 0, 1, 2), (3, 0, 1, 2), (2, 3, 0, 1))  # [f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]

    def body(i, total):
        pieces = (lax.dynamic_slice_in_dim(each, i * 8, 8) for each in (x, slopes))
        return total + lax.conv_general_dilated(*pieces, (1, 1), ((1, 1), (1, 1)), dimension_numbers=order)

    return lax.fori_loop(0, len(x) // 8, body, jnp.zeros((3, 3, x.shape[-1], slopes.shape[-1])))


def attention(q, k, v):
    return jax.nn.softmax(jnp.einsum("bqhd,bkhd->bhqk", q, k) / 8, axis=-1) @ jnp.swapaxes(v, 1, 2)


def kernel_product(x, v):
    squares = (x * x).sum(1)
    return jnp.exp(-0.5 * (squares[:, None] + squares - 2 * x @ x.T)) @ v


def kernel_gradient(x, v):
    return jax.grad(lambda x: (kernel_product(x, v) ** 2).sum())(x)


def positive(a):
    return a * 1e-3 + 100 * jnp.eye(a.shape[-1], dtype=a.dtype)


def side_by_side(function, count):
    """`function` of several operands that do not depend on each other, more of them than threads."""
    return lambda *args: tuple(function(*args[:-1], args[-1] * i) for i in range(1, count + 1))


PROGRAMS: dict[str, tuple[Callable, ...]] = {
    # Matrix products: orientations, dtypes, batches, extreme shapes
    "rows by columns": (einsum("mk,kn->mn"), spec((500, 784)), spec((784, 50000))),
    "rows by rows": (einsum("mk,nk->mn"), spec((500, 784)), spec((50000, 784))),
    "columns by columns": (einsum("km,kn->mn"), spec((784, 500)), spec((784, 50000))),
    "columns by rows": (einsum("km,nk->mn"), spec((784, 500)), spec((50000, 784))),
    "few rows, columns by columns": (einsum("km,kn->mn"), spec((300, 50)), spec((300, 100_000))),
    "long left operand": (einsum("km,kn->mn"), spec((300, 80000)), spec((300, 200))),
    "transposed product": (lambda a, b: (a @ b).T, spec((300, 1000)), spec((1000, 50000))),
    "transposed behind elementwise": (lambda a, b: (a.T * 2 + 1) @ b, spec((1000, 300)), spec((1000, 30000))),
    "gram": (lambda a: a.T @ a, spec((100, 5000))),
    "long depth": (einsum("mk,kn->mn"), spec((100, 400_000)), spec((400_000, 64))),
    "long depth, many columns": (einsum("mk,nk->mn"), spec((500, 60000)), spec((512, 60000))),
    "long depth, columns": (einsum("km,kn->mn"), spec((400_000, 100)), spec((400_000, 64))),
    "three by three": (einsum("mk,kn->mn"), spec((3, 4_000_000)), spec((4_000_000, 3))),
    "square": (einsum("mk,kn->mn"), spec((3000, 3000)), spec((3000, 3000))),
    "matrix vector": (einsum("mk,k->m"), spec((20000, 1000)), spec((1000,))),
    "float64 rows": (einsum("mk,kn->mn"), spec((300, 784), F64), spec((784, 30000), F64)),
    "float64 columns": (einsum("km,kn->mn"), spec((784, 300), F64), spec((784, 30000), F64)),
    "bfloat16": (einsum("mk,kn->mn"), spec((500, 784), BF16), spec((784, 50000), BF16)),
    "bfloat16 into float32": (einsum("mk,nk->mn", preferred_element_type=F32), spec((500, 40000), BF16), spec((512, 40000), BF16)),
    "float16 columns": (einsum("km,kn->mn"), spec((784, 300), F16), spec((784, 30000), F16)),
    "int32": (einsum("mk,kn->mn"), spec((200, 500), I32), spec((500, 30000), I32)),
    "int8 into int32": (einsum("mk,nk->mn", preferred_element_type=I32), spec((500, 60000), I8), spec((512, 60000), I8)),
    "complex": (einsum("mk,kn->mn"), spec((200, 400), C64), spec((400, 20000), C64)),
    "batches": (einsum("bmk,bkn->bmn"), spec((64, 100, 4000)), spec((64, 4000, 64))),
    "batches of wide products": (einsum("bmk,bkn->bmn"), spec((32, 100, 300)), spec((32, 300, 4000))),
    "batches of columns": (einsum("bkm,bkn->bmn"), spec((8, 300, 200), F64), spec((8, 300, 10000), F64)),
    "products side by side": (side_by_side(einsum("km,kn->mn"), 8), spec((300, 20000)), spec((300, 200))),
    # Sorts and top-k
    "sort": (lax.sort, spec((3_000_000,))),
    "pair sort": (lambda x: lax.sort((x, -x), num_keys=1), spec((1_200_000,))),
    "integer sort": (lax.sort, spec((8_000_000,), I32)),
    "argsort of columns": (lambda x: jnp.argsort(x, axis=0), spec((1_000_000, 3))),
    "sorts side by side": (side_by_side(lax.sort, 10), spec((500_000,))),
    "top-k": (lambda x: lax.top_k(x, 10), spec((20_000_000,))),
    "top-k of doubles": (lambda x: lax.top_k(x, 10), spec((2_000_000,), F64)),
    "permutation": (lambda x: jax.random.permutation(jax.random.key(0), x), spec((1_500_000,))),
    # FFT
    "fft": (jnp.fft.fft, spec((4, 2**20), C64)),
    "fft of prime length": (jnp.fft.fft, spec((4, 500_009), C64)),
    "real fft of prime length": (jnp.fft.rfft, spec((2, 1_000_003))),
    "inverse real fft in 3-D": (jnp.fft.irfftn, spec((160, 160, 100), C64)),
    # Convolution
    "conv": (conv(), spec((16, 256, 256, 16)), spec((3, 3, 16, 32))),
    "grouped conv": (conv(feature_group_count=2), spec((16, 128, 128, 64)), spec((3, 3, 32, 64))),
    "conv of one filter": (conv(), spec((4, 1000, 1000, 4)), spec((5, 5, 4, 1))),
    "conv in a loop": (kernel_gradient_loop, spec((32, 96, 96, 32)), spec((32, 96, 96, 32))),
    "conv in 3-D": (lambda x, w: lax.conv_general_dilated(x, w, (1, 1, 1), "SAME"), spec((2, 16, 64, 64, 64)), spec((32, 16, 3, 3, 3))),
    # Linear algebra
    "cholesky": (lambda a: jnp.linalg.cholesky(positive(a)), spec((3000, 3000), F64)),
    "triangular solve": (lambda a, b: jax.scipy.linalg.solve_triangular(positive(a), b, lower=True), spec((200, 200)), spec((200, 50000))),
    "solve": (lambda a, b: jnp.linalg.solve(positive(a), b), spec((2000, 2000)), spec((2000, 2000))),
    "qr": (jnp.linalg.qr, spec((50000, 50))),
    "eigh": (lambda a: jnp.linalg.eigh(a + a.T), spec((1200, 1200), F64)),
    "svd": (lambda a: jnp.linalg.svd(a, full_matrices=False), spec((900, 900), F64)),
    # What calls no library: the report has to be true by itself
    "softmax": (jax.nn.softmax, spec((5000, 4000))),
    "sum of a product": (lambda x: (x * x).sum(-1), spec((400_000, 64))),
    "distances": (lambda q, x: jnp.abs(q[:, None] - x[None]).sum(-1).argmin(1), spec((500, 64)), spec((10000, 64))),
    "cumulative sum": (jnp.cumsum, spec((10_000_000,))),
    "window sums": (lambda x: lax.reduce_window(x, 0.0, lax.add, (3, 3), (1, 1), "SAME"), spec((4000, 4000))),
    "gather": (lambda x, i: x[i], spec((1_000_000, 20)), spec((1_000_000,), I32)),
    "scatter": (lambda x, i: jnp.zeros_like(x).at[i].add(x), spec((1_000_000, 20)), spec((1_000_000,), I32)),
    "transpose": (lambda x: x.T + 1, spec((6000, 4000))),
    "random normal": (lambda x: x + jax.random.normal(jax.random.key(0), x.shape), spec((6_000_000,))),
    # Whole programs
    "attention": (attention, *[spec((2, 1500, 4, 64))] * 3),
    "kernel product": (kernel_product, spec((4000, 50)), spec((4000, 10))),
    "kernel gradient": (kernel_gradient, spec((2000, 50)), spec((2000, 10))),
    "kNN loop": (knn_loop, spec((2000, 64)), spec((100_000, 64))),
    "packed loop": (packed_loop, spec((300, 200)), spec((300, 20000))),
    "chain loop": (chain_loop, spec((1_000_000,)), spec((300, 200)), spec((300, 15000)), spec((30, 150_000)), spec((150_000, 30))),
}


def random_argument(item, seed):
    """Small numbers, quickly made: whole ones for integers, of either sign for the rest."""
    generator = np.random.default_rng(seed)
    if np.dtype(item.dtype).kind == "i":
        return jax.device_put(generator.integers(0, 10, item.shape, np.int32).astype(item.dtype))
    return jax.device_put((generator.random(item.shape, np.float32) - 0.5).astype(item.dtype))


def prepare(name, *, unstable_sorts=False):
    """The program compiled and its arguments on the device; what the compiler and the table promise of it."""
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)  # freed blocks go back to the system at once; the table counts on it
    function, *specs = PROGRAMS[name]
    module = record(function, *specs, x64=True)
    InlineCalls().run(module)
    CanonicalConvolution().run(module)
    if unstable_sorts:
        UnstableSort().run(module)
    compiled = compile_module(module, CPU_OPTIONS)
    found = compiled.memory_analysis()
    report = Report(
        found.argument_size_in_bytes,
        found.output_size_in_bytes,
        found.temp_size_in_bytes,
        found.alias_size_in_bytes,
        found.peak_memory_in_bytes,
    )
    with jax.enable_x64(True):
        arguments = jax.block_until_ready([random_argument(item, seed) for seed, item in enumerate(specs)])
    facts = {"report_bytes": report.peak_bytes - report.argument_bytes, "workspace_bytes": workspace_bytes(module, "cpu")}

    def region():
        with jax.enable_x64(True):
            return jax.block_until_ready(compiled(*arguments))

    return region, facts
