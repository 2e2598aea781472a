"""One of torch's operators (`op_db`) on its own sample inputs, recorded, run and compared with eager torch: what became of it, as data."""

import functools
import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
from torch.testing._internal.common_device_type import precisionOverride, toleranceOverride
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import DecorateInfo, OpInfo, SampleInput
from torch.utils import _pytree as pytree

import memarray

DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (torch.float32, torch.int64, torch.complex64, torch.bool)}
RECORDERS = ("torch-xla", "torchax")
SPLITS = {"unsplit": "when needed", "split": "always"}
ROUNDINGS = 32  # of the largest element of a result, by which inexact ones may differ, as in tests/conformance/agreement.py
SAMPLES = 8  # of an operator and a dtype, spread over its list
SPLIT_SAMPLES = 2  # of those, each split by itself
OUTCOMES = ("ok", "inexact", "unsupported", "wrong", "error", "died")  # each is worse than those before

# What their elements are is left open.
UNDEFINED = frozenset({"empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided", "resize_", "resize_as_"})
# They say where elements are, and leave open where, among equal ones.
PLACES = frozenset({"topk", "sort", "argsort", "kthvalue", "mode", "median", "nanmedian"})
# Their factors are unique but for signs, phases and bases: their samples say what of them can be compared, for derivatives.
FACTORS = frozenset({"linalg.eig", "linalg.eigh", "linalg.svd", "svd", "svd_lowrank", "pca_lowrank", "linalg.qr", "qr"})


@dataclass(frozen=True)
class Trial:
    """What became of an operator's samples of one dtype with one recorder, unsplit or split: the worst of them, and why."""

    op: str
    dtype: str
    recorder: str
    split: str
    samples: int
    failed: int
    outcome: str
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """A sample as a function of its tensors, with what eager torch gives."""

    call: Callable[..., Any]
    tensors: tuple[torch.Tensor, ...]
    expected: Any
    is_random: bool
    process: Callable[[Any], Any]
    dim: int


@functools.cache
def operators() -> dict[str, OpInfo]:
    """All, by name and variant."""
    return {full_name(op): op for op in op_db}


def full_name(op: OpInfo) -> str:
    """Its name with its variant, of which some have several."""
    return f"{op.name} ({op.variant_test_name})" if op.variant_test_name else op.name


def dtypes_of(op: OpInfo) -> list[str]:
    """Which of the dtypes that are tried it takes."""
    return [name for name, dtype in DTYPES.items() if op.supports_dtype(dtype, "cpu")]


def cases(op: OpInfo, dtype: torch.dtype, most: int = SAMPLES) -> list[Case]:
    """So many of its samples, spread over the list, as far as eager torch takes them."""
    _seed(0)
    samples = list(op.sample_inputs("cpu", dtype, requires_grad=False))
    return [case for sample in spread(samples, most) if (case := _case(op, sample)) is not None]


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many, evenly from first to last."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _case(op: OpInfo, sample: SampleInput) -> Case | None:
    leaves, spec = pytree.tree_flatten((sample.input, sample.args, sample.kwargs))
    tensors = tuple(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))

    def call(*given: torch.Tensor) -> Any:
        rest = iter(given)
        filled = [next(rest) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        first, args, kwargs = pytree.tree_unflatten(filled, spec)
        return op(first, *args, **kwargs)

    try:
        expected = _eager(call, tensors, 1)
        with mock.patch.object(torch, "manual_seed"):  # what draws seeds itself
            others = [_eager(call, tensors, seed) for seed in range(2, 5)]
    except Exception:  # noqa: BLE001  some samples are for other devices or for errors
        return None
    is_random = op.name in UNDEFINED or not all(_is_same(expected, each) for each in others)
    process = sample.output_process_fn_grad if op.name in FACTORS else lambda found: found
    return Case(call, tensors, expected, is_random, process, _dim(op, sample))


def _dim(op: OpInfo, sample: SampleInput) -> int:
    """Along which dimension an operator of `PLACES` looks."""
    if op.name not in PLACES:
        return 0
    at = 1 if op.name in ("topk", "kthvalue") else 0
    given = sample.kwargs.get("dim", sample.args[at] if len(sample.args) > at else -1)
    return given if isinstance(given, int) and not isinstance(given, bool) else -1


def _eager(call: Callable[..., Any], tensors: Sequence[torch.Tensor], seed: int) -> Any:
    torch.random.manual_seed(seed)
    return call(*map(_copy, tensors))


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone()


def _is_same(one: Any, other: Any) -> bool:
    try:
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    except (AssertionError, TypeError):
        return False
    return True


def trials(name: str, dtype: str, columns: Sequence[tuple[str, str]], most: int = SAMPLES) -> Iterator[tuple[str, str] | Trial]:
    """The operator with each recorder, unsplit or split; before each, which it is."""
    op = operators()[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cases(op, DTYPES[dtype], most)
        for recorder, split in columns:
            yield recorder, split
            chosen = found if split == "unsplit" else spread(found, SPLIT_SAMPLES)
            failures = [each for each in _attempts(op, DTYPES[dtype], chosen, recorder, split) if each[0] != "ok"]
            outcome, detail = max(failures, key=lambda each: OUTCOMES.index(each[0]), default=("ok", ""))
            yield Trial(name, dtype, recorder, split, len(chosen), len(failures), outcome, detail)


def _attempts(op: OpInfo, dtype: torch.dtype, found: Sequence[Case], recorder: str, split: str) -> Iterator[tuple[str, str]]:
    """The outcome of each. Unsplit ones are recorded as one program, if that goes well; a loop is for one of them only."""
    memarray.config.split = SPLITS[split]
    try:
        if split == "unsplit" and len(found) > 1 and _attempt(op, dtype, found, recorder)[0] == "ok":
            yield from (("ok", "") for _ in found)
            return
        for case in found:
            yield _attempt(op, dtype, [case], recorder)
    finally:
        memarray.config.split = "when needed"


def _attempt(op: OpInfo, dtype: torch.dtype, found: Sequence[Case], recorder: str) -> tuple[str, str]:
    counts = [len(case.tensors) for case in found]

    def together(_: torch.Tensor, *tensors: torch.Tensor) -> list[Any]:  # (one more, so that calls without tensors are torch's as well)
        rest = iter(tensors)
        return [case.call(*(next(rest) for _ in range(count))) for case, count in zip(found, counts, strict=True)]

    together.__name__ = op.name
    _seed(3)
    try:
        actual = memarray.wrap(together, recorder=recorder)(torch.zeros(()), *(_copy(tensor) for case in found for tensor in case.tensors))
    except memarray.UnsupportedOpError as error:
        return "unsupported", str(error)
    except Exception as error:  # noqa: BLE001  whatever it is, it is an outcome
        return "error", f"{type(error).__name__}: {error}"
    for one, case in zip(actual, found, strict=True):
        outcome, detail = _compared(op, dtype, one, case)
        if outcome != "ok":
            return outcome, detail
    return "ok", ""


def _compared(op: OpInfo, dtype: torch.dtype, actual: Any, case: Case) -> tuple[str, str]:
    given, wanted = case.process(actual), case.process(case.expected)
    if case.is_random:
        given, wanted = (pytree.tree_map_only(torch.Tensor, _like, each) for each in (given, wanted))
    if op.name in PLACES and not _is_same(given, wanted):
        given, wanted = (_elements_at(case, each) for each in (given, wanted))
    tolerances = {} if case.is_random else tolerance(op, dtype)
    try:
        torch.testing.assert_close(given, wanted, equal_nan=True, **tolerances)
    except Exception as error:  # noqa: BLE001  results of other types raise TypeError, and so on
        if _is_as_exact(op, given, case):
            return "ok", ""
        return "inexact" if _is_near(given, wanted) else "wrong", f"{error}".replace("\n", " ")
    return "ok", ""


def _is_near(given: Any, wanted: Any) -> bool:
    """Whether all results are, but for some roundings of their largest element."""
    pairs = list(zip(*map(pytree.tree_leaves, (given, wanted)), strict=True))
    if any(not isinstance(one, torch.Tensor) or one.shape != other.shape or one.dtype != other.dtype for one, other in pairs):
        return False
    for one, other in pairs:
        is_inexact = one.dtype.is_floating_point or one.dtype.is_complex
        largest = float(torch.nan_to_num(torch.abs(other), 0.0, 0.0, 0.0).max()) if is_inexact and other.numel() else 0.0
        if _distance(one, other) > (ROUNDINGS * torch.finfo(one.dtype).eps * largest if is_inexact else 0.0):
            return False
    return True


def _is_as_exact(op: OpInfo, given: Any, case: Case) -> bool:
    """Whether no result is further from what the operator gives in double precision than eager torch's."""
    wide = {torch.float32: torch.float64, torch.complex64: torch.complex128}
    if case.is_random or op.name in FACTORS:
        return False
    try:
        exact = _eager(case.call, [each.to(wide.get(each.dtype, each.dtype)) for each in case.tensors], 1)
        triples = list(zip(*map(pytree.tree_leaves, (given, case.expected, exact)), strict=True))
        return all(_distance(mine, best) <= _distance(theirs, best) < math.inf for mine, theirs, best in triples)
    except Exception:  # noqa: BLE001  there may be no such
        return False


def _distance(found: torch.Tensor, exact: torch.Tensor) -> float:
    """The largest difference; none where both are the same NaN or infinity."""
    if found.dtype not in (torch.float32, torch.complex64) or found.shape != exact.shape:
        return 0.0 if torch.equal(found, exact) else math.inf
    differences = torch.where((found == exact) | (torch.isnan(found) & torch.isnan(exact)), 0.0, torch.abs(found - exact))
    return float(torch.nan_to_num(differences, nan=math.inf).max()) if found.numel() else 0.0


def _elements_at(case: Case, found: Any) -> list[Any]:
    """The results, with the elements that the indices, which come last, are of."""
    leaves = pytree.tree_leaves(found)
    x = case.tensors[0]
    if x.dim() == 0:
        return leaves
    dim = case.dim % x.dim()
    keeps = leaves[-1].dim() == x.dim()
    return [*leaves[:-1], x.gather(dim, leaves[-1] if keeps else leaves[-1].unsqueeze(dim))]


def _like(tensor: torch.Tensor) -> torch.Tensor:
    """What can be compared of a random result: its shape and dtype."""
    return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")


def tolerance(op: OpInfo, dtype: torch.dtype) -> dict[str, float]:
    """The largest that the operator states for torch's own tests of it on the CPU; none, for the dtype's, where it states none."""
    found: dict[str, float] = {}
    for info in op.decorators:
        if not isinstance(info, DecorateInfo) or info.cls_name not in (None, "TestCommon") or info.device_type not in (None, "cpu"):
            continue
        for each in info.decorators:
            if isinstance(each, (toleranceOverride, precisionOverride)) and dtype in each.d:
                stated = each.d[dtype]
                atol, rtol = stated if isinstance(each, toleranceOverride) else (stated, 0.0)
                usual = torch.testing._comparison.default_tolerances(dtype)
                found["atol"] = max(found.get("atol", usual[1]), atol)
                found["rtol"] = max(found.get("rtol", usual[0]), rtol)
    return found
