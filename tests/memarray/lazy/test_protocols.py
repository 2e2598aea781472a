"""Other libraries take lazy arrays, and give arrays that memarray takes."""

import copy
import io
import os
import pickle
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy
import pandas
import pytest
import scipy.special

import memarray as np
from memarray._array import Scalar

RNG = numpy.random.default_rng(0)
A = RNG.normal(size=(40, 5))


@pytest.fixture
def x():
    return np.asarray(A)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: numpy.sum(m),
        lambda m: numpy.mean(m, axis=0),
        lambda m: numpy.concatenate([m, A]),
        lambda m: numpy.where(m > 0, m, 0),
        lambda m: numpy.linalg.norm(m, axis=1),
        lambda m: numpy.fft.rfft(m),
        lambda m: numpy.einsum("ij,ij->i", m, A),
        lambda m: numpy.add(A, m),
        lambda m: numpy.add.reduce(m, axis=1),
        lambda m: numpy.multiply.outer(m[0], A[1]),
        lambda m: numpy.matmul(m.T, m),
        lambda m: numpy.sort(m, axis=0),
        lambda m: numpy.percentile(m, 30, axis=0),
        lambda m: numpy.reshape(m, (5, 40)),
        lambda m: A + m,
        lambda m: A @ m.T,
        lambda m: numpy.float64(2) * m,
        lambda m: numpy.stack([m, m]),
        lambda m: numpy.lib.stride_tricks.sliding_window_view(m, 3, axis=0),
        lambda m: scipy.special.expit(m),
        lambda m: scipy.special.erf(m),
    ],
)
def test_numpys_functions_stay_lazy(call, x, everything_recorded):
    found = call(x)
    assert isinstance(found, np.ndarray)
    assert found._node().value is None
    numpy.testing.assert_allclose(found, call(A), rtol=1e-9, atol=1e-12)


def test_ufuncs_that_jax_has_not_evaluate(x):
    numpy.testing.assert_allclose(scipy.special.airy(x[0])[0], scipy.special.airy(A[0])[0])


def test_functions_without_a_lazy_form_say_so(x):
    with pytest.raises(TypeError, match=r"has no lazy form in memarray.*docs/numpy.md"):
        numpy.strings.upper(x)


def test_arrays_of_numpy_as_outputs(x):
    out = numpy.empty_like(A)
    assert numpy.add(x, 1, out=out) is out
    numpy.testing.assert_array_equal(out, A + 1)
    numpy.copyto(out, x)
    numpy.testing.assert_array_equal(out, A)


def test_numpy_gets_an_array_of_its_own(x):
    found = numpy.asarray(x)
    found[0] = 0
    numpy.testing.assert_array_equal(x, A)
    shared = numpy.asarray(x, copy=False)
    assert not shared.flags.writeable
    assert numpy.asarray(x, dtype="float32").dtype == numpy.float32


def test_dlpack_with_numpy_and_jax(x):
    numpy.testing.assert_array_equal(numpy.from_dlpack(x), A)
    numpy.testing.assert_allclose(jax.dlpack.from_dlpack(np.asarray(A, dtype="float32")), A.astype("float32"))
    numpy.testing.assert_array_equal(np.from_dlpack(A), A)
    numpy.testing.assert_array_equal(np.from_dlpack(jnp.arange(3)), [0, 1, 2])
    assert x.__dlpack_device__() == (1, 0)


def test_jax_arrays_come_and_go(x):
    numpy.testing.assert_allclose(x[0] + jnp.ones(5), A[0] + 1)
    numpy.testing.assert_allclose(jnp.asarray(np.asarray([1.0, 2.0])), [1, 2])
    assert np.asarray(jnp.ones(3, "int8")).dtype == numpy.int8


def test_torch_tensors_come_and_go():
    torch = pytest.importorskip("torch", reason="torch is an extra")
    tensor = torch.arange(6.0).reshape(2, 3)
    numpy.testing.assert_array_equal(np.asarray(tensor), tensor.numpy())
    numpy.testing.assert_array_equal(np.asarray(tensor.requires_grad_()) * 2, tensor.detach().numpy() * 2)
    numpy.testing.assert_array_equal(np.arange(3.0) + tensor.detach()[0], [0.0, 2.0, 4.0])
    numpy.testing.assert_array_equal(tensor.detach()[0] * np.arange(3.0), [0.0, 1.0, 4.0])
    assert torch.equal(torch.from_dlpack(np.arange(3.0)), torch.arange(3.0, dtype=torch.float64))


def test_the_namespace_of_an_array(x):
    xp = x.__array_namespace__()
    assert xp == np
    assert xp.sin is np.sin
    assert x.__array_namespace__(api_version="2024.12") == np
    with pytest.raises(ValueError, match=r"2024\.12"):
        x.__array_namespace__(api_version="2099.12")


def test_pickle_and_copy(x):
    for found in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        numpy.testing.assert_array_equal(found, A)
        found[0, 0] = 7
        assert float(x[0, 0]) == A[0, 0]
    total = pickle.loads(pickle.dumps(x.sum()))
    assert isinstance(total, Scalar)
    assert pickle.loads(pickle.dumps(np.add)) is np.add


def test_files(x, tmp_path):
    np.save(tmp_path / "a.npy", x)
    numpy.testing.assert_array_equal(np.load(tmp_path / "a.npy"), A)
    np.savez(tmp_path / "b.npz", a=x, b=x[0])
    with np.load(tmp_path / "b.npz") as found:
        assert isinstance(found["b"], np.ndarray)
        numpy.testing.assert_array_equal(found["a"], A)
    np.savetxt(tmp_path / "c.txt", x)
    numpy.testing.assert_allclose(np.loadtxt(tmp_path / "c.txt"), A)
    numpy.testing.assert_allclose(np.loadtxt(io.StringIO("1 2\n3 4")), [[1, 2], [3, 4]])


def test_pandas_and_matplotlib(x):
    frame = pandas.DataFrame(x, columns=list("abcde"))
    numpy.testing.assert_allclose(frame["a"].mean(), A[:, 0].mean())
    numpy.testing.assert_array_equal(np.asarray(frame), A)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt  # after the backend is chosen

    figure, axes = plt.subplots()
    (line,) = axes.plot(x[:, 0], x[:, 1])
    numpy.testing.assert_array_equal(line.get_xdata(), A[:, 0])
    axes.imshow(x)
    axes.hist(x[:, 0])
    plt.close(figure)


def test_scipy_and_scikit_learn_dispatch_on_lazy_arrays():
    """In a process of its own: SciPy reads its switch when it is imported."""
    script = """
        import numpy, scipy.cluster.vq, scipy.stats, sklearn
        from sklearn import cluster, decomposition, linear_model, metrics, preprocessing
        import memarray as np

        a = numpy.random.default_rng(0).normal(size=(200, 4))
        x = np.asarray(a)

        def same(found, expected):
            assert isinstance(found, np.ndarray), type(found)
            numpy.testing.assert_allclose(abs(numpy.asarray(found)), abs(expected), rtol=1e-6, atol=1e-9)

        same(scipy.stats.zscore(x), scipy.stats.zscore(a))
        same(scipy.stats.skew(x), scipy.stats.skew(a))
        same(scipy.stats.ttest_ind(x, x[::2]).pvalue, scipy.stats.ttest_ind(a, a[::2]).pvalue)
        same(scipy.stats.pearsonr(x[:, 0], x[:, 1]).statistic, scipy.stats.pearsonr(a[:, 0], a[:, 1]).statistic)
        same(scipy.cluster.vq.whiten(x), scipy.cluster.vq.whiten(a))
        same(scipy.cluster.vq.vq(x, x[:3])[0], scipy.cluster.vq.vq(a, a[:3])[0])
        numpy.testing.assert_allclose(cluster.KMeans(3, random_state=0).fit(x).inertia_, cluster.KMeans(3, random_state=0).fit(a).inertia_)
        expected = {
            "pca": decomposition.PCA(2, svd_solver="full").fit(a).components_,
            "ridge": linear_model.Ridge(solver="svd").fit(a, a[:, 0]).coef_,
            "scaled": preprocessing.StandardScaler().fit_transform(a),
            "distances": metrics.pairwise.rbf_kernel(a),
        }
        with sklearn.config_context(array_api_dispatch=True):
            same(decomposition.PCA(2, svd_solver="full").fit(x).components_, expected["pca"])
            same(linear_model.Ridge(solver="svd").fit(x, x[:, 0]).coef_, expected["ridge"])
            same(preprocessing.StandardScaler().fit_transform(x), expected["scaled"])
            same(metrics.pairwise.rbf_kernel(x), expected["distances"])
    """
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    found = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
