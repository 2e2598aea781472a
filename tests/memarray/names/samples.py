"""Calls of NumPy's functions to compare: one line each, evaluated with `np` as NumPy and as memarray.

The names in the lines are made by `arguments`, as NumPy arrays or as lazy ones.
"""

from typing import Any

import numpy


def arguments(xp: Any) -> dict[str, Any]:
    """The names that samples use, as arrays of `xp`."""
    rng = numpy.random.default_rng(0)
    square = rng.normal(size=(4, 4))
    arrays = {
        "v": rng.normal(size=6),
        "w": rng.normal(size=6),
        "m": rng.normal(size=(3, 4)),
        "n": rng.normal(size=(4, 5)),
        "s": square,
        "spd": square @ square.T + 4 * numpy.eye(4),
        "batch": rng.normal(size=(2, 3, 3)) + 2 * numpy.eye(3),
        "stack": rng.normal(size=(2, 3, 4)),
        "f32": rng.normal(size=(3, 4)).astype("float32"),
        "f16": rng.normal(size=(3, 4)).astype("float16"),
        "c": rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4)),
        "cs": rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)),
        "i": rng.integers(-5, 5, size=(3, 4)),
        "i8": rng.integers(-5, 5, size=(3, 4)).astype("int8"),
        "u8": rng.integers(0, 200, size=(3, 4)).astype("uint8"),
        "b": rng.random((3, 4)) > 0.5,
        "one": numpy.array(2.5),
        "empty": numpy.empty((0, 3)),
        "nan": numpy.array([1.0, numpy.nan, 3.0, -numpy.inf, numpy.inf, 0.0]),
        "nan2": numpy.where(rng.random((3, 4)) > 0.7, numpy.nan, 1.5),
        "idx": numpy.array([2, 0, 1]),
        "cube": rng.normal(size=(3, 3, 3)),
        "ints": numpy.array([3, 1, 2, 3, 0, 1]),
        "sorted": numpy.array([0.0, 1.0, 2.0, 4.0, 8.0]),
    }
    return {name: xp.asarray(value) for name, value in arrays.items()}


LINALG = """
np.linalg.cholesky(spd)
np.linalg.cholesky(spd, upper=True)
np.linalg.cholesky(cs @ cs.conj().T + 9 * np.eye(3))
np.linalg.cond(s)
np.linalg.cond(s, 1)
np.linalg.cond(s, 'fro')
np.linalg.cond(batch)
np.linalg.det(s)
np.linalg.det(batch)
np.linalg.det(i[:, :3])
np.linalg.det(f32[:, :3])
np.linalg.det(np.empty((0, 0)))
np.linalg.eigvalsh(spd)
np.linalg.eigvalsh(cs + cs.conj().T)
np.linalg.eigvalsh(spd, 'U')
np.linalg.eigh(spd).eigenvalues
abs(np.linalg.eigh(spd).eigenvectors)
np.sort_complex(np.linalg.eigvals(s))
np.sort(np.linalg.eigvals(spd))
np.sort_complex(np.linalg.eigvals(cs))
np.linalg.eig(spd).eigenvectors.dtype
np.linalg.inv(s)
np.linalg.inv(batch)
np.linalg.inv(cs)
np.linalg.inv(f32[:, :3])
np.linalg.lstsq(n, v[:4], rcond=None)[0]
np.linalg.lstsq(m.T, v[:4])[0]
np.linalg.lstsq(m.T, n)
np.linalg.matrix_norm(stack)
np.linalg.matrix_norm(stack, ord='nuc', keepdims=True)
np.linalg.matrix_norm(s, ord=1)
np.linalg.matrix_norm(s, ord=-np.inf)
np.linalg.matrix_power(s, 3)
np.linalg.matrix_power(s, 0)
np.linalg.matrix_power(s, -2)
np.linalg.matrix_power(i[:, :3], 3)
np.linalg.matrix_rank(s)
np.linalg.matrix_rank(np.ones((3, 3)))
np.linalg.matrix_rank(batch, tol=0.1)
np.linalg.matrix_rank(v)
np.linalg.matrix_rank(spd, hermitian=True)
np.linalg.matrix_transpose(stack)
np.linalg.multi_dot([m, n, n.T])
np.linalg.multi_dot([v[:3], m, n[:, 0]])
np.linalg.norm(v)
np.linalg.norm(m)
np.linalg.norm(stack)
np.linalg.norm(i)
np.linalg.norm(c)
np.linalg.norm(f32)
np.linalg.norm(m, axis=1)
np.linalg.norm(m, axis=(0, 1), keepdims=True)
np.linalg.norm(m, 'nuc')
np.linalg.norm(m, 2)
np.linalg.norm(m, -2)
np.linalg.norm(m, np.inf)
np.linalg.norm(m, -1)
np.linalg.norm(v, 0)
np.linalg.norm(v, 3)
np.linalg.norm(v, -np.inf)
np.linalg.norm(v, -2.5)
np.linalg.norm(stack, 1, axis=(1, 2))
np.linalg.outer(v, w)
np.linalg.pinv(m)
np.linalg.pinv(stack)
np.linalg.pinv(spd, hermitian=True)
np.linalg.pinv(m, rcond=0.5)
np.linalg.qr(m).Q
np.linalg.qr(m).R
np.linalg.qr(m, 'r')
np.linalg.qr(m.T, 'complete')
np.linalg.qr(stack).R
np.linalg.qr(c).R
np.linalg.slogdet(s)
np.linalg.slogdet(cs).sign
np.linalg.slogdet(batch).logabsdet
np.linalg.solve(s, v[:4])
np.linalg.solve(s, n)
np.linalg.solve(batch, stack)
np.linalg.solve(cs, c)
np.linalg.svd(m).S
np.linalg.svd(m, compute_uv=False)
np.linalg.svd(stack, full_matrices=False).S
np.linalg.svd(m, full_matrices=True).U.shape
np.linalg.svd(c, compute_uv=False)
np.linalg.svd(spd, hermitian=True).S
np.linalg.svdvals(m)
np.linalg.tensordot(m, n, axes=1)
np.linalg.tensorinv(spd.reshape(2, 2, 4), ind=2)
np.linalg.tensorsolve(spd.reshape(2, 2, 4), v[:4].reshape(2, 2))
np.linalg.trace(stack, offset=1)
np.linalg.diagonal(stack)
np.linalg.vecdot(stack, stack)
np.linalg.cross(m[:, :3], m[:, 1:])
np.linalg.matmul(m, n)
np.linalg.vector_norm(stack)
np.linalg.vector_norm(stack, axis=(0, 2), ord=3, keepdims=True)
np.linalg.vector_norm(c, axis=0)
np.linalg.inv(m)
np.linalg.inv(v)
np.linalg.cholesky(-spd)
np.linalg.solve(s, m)
np.linalg.inv(np.zeros((3, 3)))
np.linalg.det(f16[:, :3])
np.linalg.norm(m, 'bad')
np.linalg.norm(stack, 2)
np.linalg.norm(m, axis=5)
"""

FFT = """
np.fft.fft(v)
np.fft.fft(f32)
np.fft.fft(i8)
np.fft.fft(c, axis=0)
np.fft.fft(v, n=4)
np.fft.fft(v, n=9)
np.fft.fft(v, norm='ortho')
np.fft.fft(v, norm='forward')
np.fft.ifft(c)
np.fft.ifft(c, norm='forward', n=3)
np.fft.rfft(v)
np.fft.rfft(f32)
np.fft.rfft(m, n=5, axis=0)
np.fft.irfft(c)
np.fft.irfft(c, n=5)
np.fft.irfft(np.fft.rfft(f32))
np.fft.hfft(c)
np.fft.hfft(c, n=7, norm='ortho')
np.fft.ihfft(v)
np.fft.ihfft(v, n=4, norm='forward')
np.fft.fft2(stack)
np.fft.fft2(stack, s=(2, 5))
np.fft.ifft2(stack)
np.fft.fftn(stack)
np.fft.fftn(stack, axes=(0, 1), norm='ortho')
np.fft.ifftn(stack, s=(3, 3), axes=(1, 2))
np.fft.rfft2(stack)
np.fft.irfft2(c)
np.fft.rfftn(stack)
np.fft.rfftn(stack, axes=(0,))
np.fft.irfftn(c)
np.fft.irfftn(c, s=(3, 5), axes=(0, 1))
np.fft.fftfreq(5, 0.1)
np.fft.rfftfreq(6)
np.fft.fftshift(v)
np.fft.fftshift(m, axes=1)
np.fft.fftshift(m)
np.fft.ifftshift(m, axes=(0,))
np.fft.fft(v, axis=3)
np.fft.fft(v, n=0)
np.fft.fft(v, norm='bad')
np.fft.rfft(c)
np.fft.fft(one)
"""

PRODUCTS = """
np.dot(v, w)
np.dot(m, n)
np.dot(stack, n)
np.dot(m, 2)
np.dot(one, m)
np.dot(i, i.T)
np.dot(i8, i8.T)
np.dot(b, b.T)
np.dot(c, n)
np.dot(f32, n)
np.dot(f32, f32.T)
np.vdot(c, c)
np.vdot(m, m)
np.vdot(i, i)
np.inner(v, w)
np.inner(m, m)
np.inner(stack, m)
np.inner(m, 3)
np.outer(v, w)
np.outer(m, i8)
np.outer(b, b)
np.matmul(m, n)
np.matmul(stack, n)
np.matmul(v[:3], m)
np.matmul(m, v[:4])
np.matmul(b, b.T)
np.matmul(i8, i8.T)
np.matmul(u8, u8.T)
np.matmul(f16, f16.T)
m @ n
stack @ n
np.matvec(stack, v[:4])
np.vecmat(v[:3], stack)
np.vecdot(stack, m)
np.vecdot(c, c)
np.vecdot(stack, stack, axis=0)
np.tensordot(m, n, 1)
np.tensordot(m, m, 2)
np.tensordot(v, w, 0)
np.tensordot(stack, stack, axes=([0, 1], [0, 1]))
np.tensordot(stack, stack, axes=((0,), (0,)))
np.einsum('ij,jk->ik', m, n)
np.einsum('ij->', m)
np.einsum('ij->', i8)
np.einsum('ii->i', s)
np.einsum('ii', s)
np.einsum('...ij,...jk', stack, n)
np.einsum('i,j', v, w)
np.einsum(m, [0, 1], n, [1, 2], [0, 2])
np.einsum('ij,jk,kl->il', m, n, n.T, optimize=True)
np.einsum('ij,ij->i', b, b)
np.kron(m, s)
np.kron(v, i8)
np.kron(stack, m)
np.cross(m[:, :3], m[:, 1:])
np.cross(m[:, :3], v[:3])
np.cross(m[:, :3].T, m[:, 1:].T, axisa=0, axisb=0, axisc=0)
np.trace(m)
np.trace(stack, 1, 1, 2)
np.trace(i8)
np.trace(b, dtype=float)
np.matmul(m, m)
np.matmul(m, 3)
np.dot(m, m)
np.einsum('ij,jk', m, m)
np.vdot(v, m)
np.tensordot(m, m, 1)
np.inner(m, n)
np.cross(v, w)
"""
CHAPTERS = {"linalg": LINALG, "fft": FFT, "products": PRODUCTS}
