"""Assigning to parts, in place: casts, broadcasting, overlap and errors."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.array(5.); b = a[True]; c = a[False]; d = a[()]; e = a[...]; f = a[None]; g = a[np.array(True)]; a[True] = 4
a[False] = 6; a[()] = a[()] + 1

a = np.arange(12.).reshape(3,4); a[[0,2]] = 5; a[[1],[2]] = 7; a[:, [0,1]] = [[1],[2],[3]]
a[[0,0]] = [[1,2,3,4],[5,6,7,8]]; a[[]] = 3

a = np.arange(12.).reshape(3,4); a[a>5] = 0; a[a[:,0]==0] = 9; a[a<3] = [7,8,9][:2]

a = np.arange(12.).reshape(3,4); a[a[:,0]>3] = [1,2,3,4]; a[a > 3] *= 2; a[a < 2] += 100; a[[0,0,1]] += 1
a[:, [0, 0]] -= 3

a = np.arange(12.).reshape(3,4); m = a > 5; a[m] = a[m][::-1]; a[~m] = -a[~m]; a[m] = np.arange(6); a[m, ...] = 4
a[np.nonzero(~m)] = 8

a = np.arange(24.).reshape(2,3,4); m = a > 5; b = a[m[0,0], ...] if False else a[m[:,0,0]]; a[m[:, 0, 0], 1] = 9
a[m[:,:,0], 2] = 7; a[m] = 3

a = np.arange(6); b = a[1::2]; b[[True, False, True]] = 100; b[[0, 1]] += 5; b[b > 50] = -1

a = np.zeros((2,3)); a[np.array([True, True])] = [[1,2,3],[4,5,6]]; a[np.array([False, False])] = np.zeros((0,3))
a[np.array([False, False])] = 5

a = np.zeros((2,3)); a[(0,1)] = 1; a[[0,1]] = 2; a[(0,),] = 3; a[[0,1],] = 4

a = np.zeros((2,3)); a[None] = 2; a[None, None, 0] = 3; a[:, None, :] = [[[1,2,3]]]; a[..., None] = 5

a = np.zeros(3); a[0, ...] = 2; b = a[0, ...]; b[...] = 3; a[1:1] = []; a[5:] = np.zeros(0)

a = np.zeros(3); a[1:1] = [1]

a = np.array(1.0); a[...] = 3; a[()] = 4; b = a[None]; b[0] = 5; a[...] += 1; a += 1

a = np.arange(3.); s = a[0]; s += 1; t = a[1]; u = t; t *= 5

a = np.zeros(3); a[0] = np.array(7); a[1] = np.float32(2.5); a[2] = True

i = np.zeros(3, int); i[0] = 1.7; i[1] = -1.7; i[2] = "3"; i[:2] = [2.9, -2.9]; i[[0]] = 3.9; i[i > 5] = 2.2

a = np.zeros(3); a[0] = np.complex64(2j); a[1] = np.array(2j); a[:] = np.array([1, 2j, 3]); a[[0]] = np.array([3+1j])

a = np.zeros(3); a[0] = None; a[1] = "3"; a[1:] = [None, 3]

u = np.zeros(3, "u1"); u[0] = np.int64(-1); u[1:] = np.array([-2, 300])

i = np.zeros(3, int); i.fill(1.5); i += True; i[0] += 1.5; i[1:] *= 3; i //= 2; i **= 2; i <<= 1; i |= 8; i ^= 1
i &= 15; i >>= 1; i -= 1; i %= 3

a = np.zeros(3, "f4"); a += 1e300; a -= np.float64(2); a += np.ones(3)

a = np.zeros(3); a.fill(np.array(1)); a[1:].fill(3)

b = np.zeros(3, bool); b[0] = 5; b[1:] = [0.5, 0]; b |= True; b &= [True, False, True]; b ^= b

f = np.zeros(3, "f4"); f[0] = 1e300; f[1:] = np.array([1e300, 2])

a = np.zeros((2,3)); a += np.ones(3); a += np.ones((2,1)); a[0] += a[1]; a[:, 0] = a[:, 1] * 2; a += a[0]

a = np.array([[1,2],[3,4]]); b = [r for r in a]; c = [x for r in a for x in r]; b[0][1] = 9; d = 3 in a; e = 7 in a
f = list(a.flat); g = len(a); h, i = a; i += 10; j = sorted(a[0]); k = max(a[0]); l = sum(a[0])
m = [5 in r for r in a]; n = list(reversed(a)); o = dict(zip(a[0], a[1]))

a = np.array(5.); a[True] += 1; a[a > 2] += 2; a[np.array(False)] = 3; a[True] = [7]

b = np.ones((3,1)); b[True] *= 2; b[False] = 7; b[True] = [[1],[2],[3]]; b[np.True_] = [[[4],[5],[6]]]

b = np.ones((3,1)); b[True, 0] = 5; b[1, True] = 6; b[..., True] = 7; b[None, False] = 8

b = np.ones((3,1)); b[False] = np.ones((0,3,1)); c = b[False]; d = b[True]

a = np.arange(1000); i = np.array([-1, 3, -100], "i1") + np.int8(0); b = a[i]; a[i] = 7
c = a.reshape(10,100)[i // 50]

a = np.arange(100); i = np.arange(5)[3]; b = a[i]; c = a[i:]; d = a[:i, None]; a[i] = 3; a[i:i+2] = 9
e = a[[i, i + 1]]; f = a.reshape(10,10)[i, i]; g = a.reshape(10,10)[i]; g[0] = 100; h = range(i); j = a[-i::-i]
"""

# The values only: the strides of copies are NumPy's own business, here they are in C order.
SAME_VALUES = """
a = np.arange(24.).reshape(2,3,4); m = a[0] > 5; a[:, m] = 0; b = a[0, m]; c = a[..., m]; d = a[:, m]
a[1, m] = [1,2,3,4,5,6]

a = np.arange(5); m = np.array([0,1,0,1,1]) > 0; m = m & True; b = a[m]; a[m] = 7; a[m] -= 2; c = a[m, None]
d = a[None, m]

a = np.arange(12.).reshape(3,4).T; a[[0,2]] = 5; b = a[1:, ::-1]; b[[0]] = 2; b[b > 7] = 0; c = b[..., [0,1]]
d = b[:, 1]; d[d == 0] = 3

a = np.arange(12).reshape(3,4); i = np.arange(3) - 1; b = a[i]; c = a[i, i]; d = a[:, i]; a[i, 0] = [5,6,7]
a[0, i] = 1; a[i[:, None], i] *= 2; e = a[i % 3 == 0]; f = a[np.ix_(i, [0, 2])]; a[np.ix_(i, i)] = 9

a = np.arange(12).reshape(3,4); m = (a % 2 == 0); a[m] = 0; a[~m & (a > 5)] *= 3; b = a[m.T.T]; c = a[m.any(axis=1)]
d = a[:, m.any(axis=0)]; a[m, ] = 5; a[m[0, 0]] = 8; e = a[m[0,1]]
"""

SAME_ERRORS = """
a = np.arange(12.).reshape(3,4); a[a>5] = [1,2,3]
a = np.arange(12.).reshape(3,4); a[a[:,0]>3] = [1,2,3]
a = np.arange(5.); a[np.array([0,1,1])] = np.array([1,2,3]); a[np.array(2)] = 6; a[np.array(3)] = [5]
a = np.zeros((2,3)); a[[1, 2], ...] = 4
a = np.zeros((2,3)); a[[True, False, True]] = 4
a = np.zeros((2,3)); a[np.ones((2,3,1), bool)] = 4
a = np.zeros((2,3)); a[0] = [1,2]
a = np.zeros((2,3)); a[:, 0] = [1,2,3]
a = np.zeros((2,3)); a[...] = np.zeros((3,2))
a = np.zeros((2,3)); a[0] = np.zeros((2,1,3))
a = np.zeros((2,3)); a[0] = np.ones((1,1,3)); a[0, 0] = [[5]];
a = np.zeros((2,3)); a[[0,1]] = [1,2]
a = np.zeros((2,3)); a[[0,1],[0,1]] = [1,2,3]
a = np.zeros((2,3)); a[0, 0] = [1,2]
a = np.zeros((2,3)); a[np.array([True, False])] = [[1,2,3],[4,5,6]]
a = np.zeros(3); a[1:1] = [1,2]
a = np.zeros(3); a[...] = []
a = np.array(1.0); a[0] = 1
a = np.zeros(3); a[0] = np.array([5])
a = np.zeros(3); a[0] = [5]
a = np.zeros(3); a[0] = [[5]]
a = np.zeros(3); a[...] = [[1],[2]]
a = np.zeros(3); a[:] = [[1, 2, 3]]
i = np.zeros(3, int); i[0] = np.nan
i = np.zeros(3, int); i[0] = np.inf
i = np.zeros(3, int); i[0] = 1e30
i = np.zeros(3, int); i[0] = 2j
i = np.zeros(3, int); i[:] = 2j
a = np.zeros(3); a[0] = 2j
a = np.zeros(3); a[:] = 2j
a = np.zeros(3); a[[0]] = 2j
a = np.zeros(3); a[a==0] = 2j
a = np.zeros(3); a[0] = "x"
u = np.zeros(3, "u1"); u[0] = 300
u = np.zeros(3, "u1"); u[:] = -1
u = np.zeros(3, "u1"); u[:] = [300, 1, 1]
u = np.zeros(3, "u1"); u[[0]] = 300
u = np.zeros(3, "u1"); u[u==0] = 300
u = np.zeros(3, "u1"); u.fill(-1)
i = np.zeros(3, int); i += 1.5
i = np.zeros(3, int); i /= 2
i = np.zeros(3, int); i += np.zeros(3)
a = np.zeros(3); a += 1j
a = np.zeros(3, "u1"); a += 300
a = np.zeros(3, "u1"); a += np.array([1, 2, 3])
a = np.zeros(3, "u1"); a += np.array([1, 2, 3], "u1"); a -= 2; a += 1.0
a = np.zeros(3); a.fill([1])
a = np.zeros(3); a.fill(np.array([1]))
b = np.zeros(3, bool); b += 1
b = np.zeros(3, bool); b -= True
a = np.zeros((2,3)); a += np.ones((2,2,3))
a = np.zeros((1,3)); a += np.ones((2,3))
a = np.zeros(3); del a[0]
b = np.ones((3,1)); b[True] = np.ones((2,3,1))
"""

# The words differ.
SAME_KINDS_OF_ERRORS = """
a = np.zeros(3); a[0] = {}
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_values(setting):
    check_snippets(SAME_VALUES, layout=False)


def test_errors(setting):
    check_errors(SAME_ERRORS)


def test_kinds_of_errors(setting):
    check_errors(SAME_KINDS_OF_ERRORS, messages=False)
