"""Scalars, single elements as Python numbers, iteration and comparison."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.arange(5); i = np.array([0,1]) + 1; b = a[i]; a[i] = [8, 9]; a[i] += 1; a[i[0]] = 100; c = a[i[1]]
d = a[i[0]:]; e = a[i.sum()]

a = np.arange(3); s = a.sum(); b = list(range(s)); c = [1,2,3,4][s]; d = f"{s:3d} {s}"; e = float(s); f = int(s)
g = bool(s); h = complex(s); i = hash(s) == hash(3); j = {s: 1}[3]; k = str(s); l = repr(s)

a = np.arange(3.); s = a.sum(); import math; b = math.sqrt(s); c = f"{s:.3f} {s}"; d = round(s, 1); e = round(s)
f = divmod(s, 2); g = s.item(); h = s.tolist(); i = s.is_integer(); j = str(s); k = repr(s)

a = np.arange(6.); a[1:] = a[:-1]; a[:-1] = a[1:]; a[::2] = a[1::2]; a[::-1] = a

a = np.arange(6.); a[1:] += a[:-1]; a[:] = a[::-1]; a[[0,1,2]] = a[[2,1,0]]

a = np.arange(9.).reshape(3,3); a += a.T; a[1:] -= a[:-1]; a[...] = a.T; a *= a[0]; a.T[...] += np.arange(3)

a = np.arange(9.).reshape(3,3); b = a + 1; c = a.copy(); d = a[0]; e = d * 2; a[0] = 100; f = a.sum(); a += 1
g = a[1:].copy(); a[...] = 0

import numpy; x = numpy.arange(4.); a = np.array(x); x[0] = 9; b = np.array(a); a[1] = 8; c = np.asarray(a); c[2] = 7

s = np.zeros(3).sum(); t = s.T; u = s.real; v = s.imag; w = s.squeeze(); x = s.transpose(); y = s.reshape(())
z = s.view("i8"); aa = s.astype("i4"); bb = s.copy(); cc = np.transpose(s); dd = np.flip(s)
ee = np.moveaxis(s, [], []); ff = np.real(s); gg = np.reshape(s, ()); hh = s.flat[0]; ii = s.round(); jj = s.clip(0,1)
kk = s[True]

a = np.array([2]); b = bool(a); c = a.item(); d = complex(np.array(2)); e = float(np.array(2))
f = list(range(np.array(2))); g = [1,2,3][np.array(2)]

a = np.array(2.5); b = f"{a:.2f}"; c = f"{a}"; d = str(a); e = repr(a); f = repr(np.arange(3)); g = str(np.arange(3))
h = f"{np.arange(3)}"

a = np.array([[1,2],[3,4]]); b = np.array([a, a]); c = np.array([a[0], [5, 6]]); d = np.array([a.sum(), 3])
e = np.array((1, 2.5, a[0,0])); f = np.array([[a[0,0], 1], [2, a[1,1]]])

a = np.arange(6).reshape(2,3); b = a == "x"; c = a != None; d = a == None
"""

# The values only: the strides of copies are NumPy's own business, here they are in C order.
SAME_VALUES = """
a = np.arange(3.); s = a.sum(); t = s[...]; u = s[()]; v = s[None]; w = s.T; x = s.reshape(1); y = s.ravel()
z = s.copy()

s = np.arange(3).sum(); t = s.flatten(); u = s.ravel(); v = s[...]; w = s[None]; x = [1,2]*s; y = s*[1,2]; z = "a"*s
aa = np.ravel(s); bb = np.atleast_1d(s); cc = np.expand_dims(s, 0); dd = np.broadcast_to(s, ())
ee = np.broadcast_to(s, (2,)); ff = s.bit_count(); gg = s.numerator; hh = np.asarray(s); ii = np.array(s)
jj = np.copy(s); hh[...] = 3
"""

SAME_ERRORS = """
a = np.arange(3.); s = a.sum(); s[0] = 1
a = np.arange(3.); s = a.sum(); s[0]
a = np.arange(3.); s = a.sum(); len(s)
s = np.arange(3).sum(); s[0]
s = np.arange(3).sum(); len(s)
s = np.arange(3).sum(); list(s)
s = np.arange(3).sum(); 3 in s
s = np.arange(3.).sum(); s.nothing
a = np.arange(3); bool(a)
a = np.arange(3); bool(a == a)
a = np.arange(3); 0 < a < 2
a = np.arange(3); float(a)
a = np.arange(3); int(a)
a = np.arange(3); a.item()
a = np.arange(3); range(a)
a = np.arange(3); [1,2,3][a]
a = np.array([2]); range(a)
a = np.array([2]); float(a)
a = np.array([]); bool(a)
a = np.array([2.5]); f"{a:.2f}"
a = np.array([[1,2],[3]])
a = np.array([1, [2, 3]])
a = np.arange(6).reshape(2,3); b = a == a.T
"""

# The words differ.
SAME_KINDS_OF_ERRORS = """
s = np.arange(3).sum(); a, b = s
s = np.arange(3.).sum(); [1,2,3][s]
s = np.arange(3.).sum(); t = s * [1, 2]; u = s.as_integer_ratio(); v = s.hex()
a = np.arange(3); hash(a)
a = np.array([[1,2],[3,4]]); b = np.array([a[0], 3])
a = np.array([[1,2],[3,4]]); b = np.array([a[0], [1,2,3]])
a = np.arange(6).reshape(2,3); b = a < "x"
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_values(setting):
    check_snippets(SAME_VALUES, layout=False)


def test_errors(setting):
    check_errors(SAME_ERRORS)


def test_kinds_of_errors(setting):
    check_errors(SAME_KINDS_OF_ERRORS, messages=False)
