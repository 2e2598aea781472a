"""Functions that write in place, `out=`, `where=`, read-only arrays, `flat`, and attributes that are assigned to."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.broadcast_to(np.zeros(3), (2,3)); a.setflags(write=True)

a = np.zeros(3); a.setflags(write=False); b = a[1:]; c = a.copy(); c[0] = 1; d = a.view()

a = np.zeros(3); b = a[1:]; a.setflags(write=False); b[0] = 4

a = np.zeros(3); a.flags.writeable = False; a.flags.writeable = True; a[0] = 1; a.flags["WRITEABLE"] = False
b = a.flags.owndata; c = a[1:].flags["OWNDATA"]

a = np.zeros(3); b = a[1:]; b.setflags(write=False); b.setflags(write=True); b[0] = 2

a = np.arange(6.).reshape(2,3); np.copyto(a, 1); np.copyto(a, [4,5,6]); np.copyto(a[0], a[1], where=[True,False,True])
np.copyto(a, [[1],[2]], where=a > 4); np.copyto(a.T, 7, where=np.array([[True, False]]))

a = np.arange(6); np.copyto(a, np.array([1.5]), casting="unsafe"); np.copyto(a, 2.7, casting="unsafe")
np.copyto(a, True)

a = np.arange(6); np.copyto(a, 1, where=1)

a = np.arange(6); np.copyto(a, 5, where=False); np.copyto(a, [1]); np.copyto(a[::2], a[1::2])

a = np.arange(6).reshape(2,3); np.put(a, [0, 4], [10, 20]); np.put(a, [1,2,3], [7,8]); np.put(a, -1, 3); a.put([0], 5)
np.put(a, [[0,1]], 9); np.put(a, [10, -8], 1, mode="wrap"); np.put(a, [10, -8], 2, mode="clip"); np.put(a.T, [1], 77)
np.put(a, [], 5); np.put(a, [1], []); np.put(a, [1], 2.7); a.T.put([0,1], [5,6])

a = np.arange(6); b = a[::2]; b.put([0, 1], [50, 60]); np.put(b, [2, 2], [1, 2])

a = np.arange(6.).reshape(2,3); np.place(a, a > 2, [44, 55]); np.place(a, a < 1, 9); np.place(a.T, a.T == 55, -1)
np.place(a, [True]*6, [1,2,3,4,5,6,7,8]); np.place(a, a < 0, [])

a = np.arange(6); np.place(a, a > 2, [1.5, 2.5])

a = np.arange(6.).reshape(2,3); np.putmask(a, a > 2, a ** 2); np.putmask(a, a < 1, [10, 20])
np.putmask(a.T, a.T > 20, [1,2,3]); np.putmask(a, [0,1,1,0,0,0], 5)
np.putmask(a, np.array([[True, False, True]]*2), [1,2])

a = np.arange(6); np.putmask(a, a > 1, 2.7)

a = np.arange(6); np.putmask(a, a > 1, [])

a = np.arange(12.).reshape(3,4); np.put_along_axis(a, np.array([[0],[1],[3]]), 99, 1)
np.put_along_axis(a, np.array([[0,1,2,0]]), [[1,2,3,4]], 0); np.put_along_axis(a, np.array([3, 5]), [7, 8], None)
np.put_along_axis(a.T, np.array([[0, 1, 2]]), -1, 0); np.put_along_axis(a, np.array([[-1]]*3), [[5],[6],[7]], -1)

a = np.zeros((3,4)); np.fill_diagonal(a, 5); np.fill_diagonal(a.T, [1,2]); b = np.zeros((5,2), int)
np.fill_diagonal(b, 1.5); c = np.zeros((5,2)); np.fill_diagonal(c, 4, wrap=True); d = np.zeros((3,3,3))
np.fill_diagonal(d, [1,2,3]); np.fill_diagonal(np.flip(a, 1), 8); e = np.zeros((2,5)); np.fill_diagonal(e, 3, True)
f = np.zeros((0, 3)); np.fill_diagonal(f, 2); g = np.zeros((7,3)); np.fill_diagonal(g, [1,2,3,4], wrap=True)

a = np.arange(6).reshape(2,3); a.flat = 3; a.flat = [1,2]; a.flat[2] = 9; a.flat[[0, 1]] = 5; a.flat[::2] = [7, 8]
a.flat[-1] = 33; b = a.flat[1:4]; c = a.flat[0]; d = a.T.flat[1]; a.T.flat[1] = 44; e = list(a.flat); f = len(a.flat)
g = a.flat[[0, 2]]; h = a.flat[...]; a.flat[a.flat[...] > 30] = 0; b[0] = 100

a = np.arange(6).reshape(2,3); a.flat = []

a = np.arange(6).reshape(2,3); a.flat = np.array([[1.7, 2.2], [3, 4]]); a.flat[1:3] = 1.9; a[:, 1].flat = [8, 9]
a[::-1].flat[0] = 70

a = np.array([[3,1],[0,2]]); a[0].sort(); a[:, 0].sort(); a.T.sort(kind="stable"); b = np.array([5,1,3,2])
b[::-1].sort()

a = np.array([3,1,2]); a.partition(1); b = a[1]; a.partition(-1)

a = np.arange(4.); a.resize(6); b = np.arange(4.); b.resize((2,1)); c = np.arange(6.); c.resize(2, 3)
d = np.arange(3.); d.resize(0); e = np.arange(4); e.resize((2,4), refcheck=False)

a = np.arange(4.); b = np.zeros(4); c = np.add(a, 1, out=b); d = c is b; e = np.add(a, 1, b); np.multiply(a, a, out=a)
np.add(a[1:], a[:-1], out=a[1:]); np.negative(a, out=a[::-1])

a = np.arange(4.); b = np.zeros((2,4)); np.add(a, 1, out=b); np.sqrt(a, b[1]); np.add.reduce(b, axis=0, out=a)
b.sum(axis=1, out=a[:2]); np.cumsum(a, out=a)

a = np.arange(4.); b = np.zeros(4, int); np.add(a, 1, out=b, casting="unsafe")
np.add(a, 1.7, out=b, casting="unsafe"); np.floor(a, out=b, casting="unsafe")

a = np.arange(4.); b = np.full(4, -1.); np.add(a, 1, out=b, where=a > 1)
np.sqrt(a, where=[True, False, True, False], out=b); np.multiply(b, 2, out=b, where=True)
np.multiply(b, 2, out=b, where=False); np.add(b, 1, where=b > 1, out=b[::-1])

a = np.arange(4.); b = np.full(4, -1.); np.add(a, 1, out=b, where=[1,0,1,0])

a = np.arange(4.); b = np.full((2,4), -1.); np.add(a, 1, out=b, where=[[True],[False]])
np.divmod(a, 2, out=(b[0], b[1])); c, d = np.divmod(a, 2, b[1]); e = np.modf(a + .5, out=(None, b[0]))[0]
f = np.frexp(a)

a = np.arange(4.); b = np.full(4, -1, "f4"); np.add(a, 1, out=b); np.add(a, 1, out=b, where=a > 1)
np.add(a, 1, dtype="f4", out=b); c = np.add(a, 1, dtype="f4"); d = np.add(a, 1, dtype=complex); np.add(a, 1, out=d)

a = np.arange(3); a.shape = (3, 1); a += 1; a.shape = 3; a[0] = 7; b = a.reshape(3,1); b.shape = (1,3); b[0,0] = 100

a = np.arange(6); b = a[1:5]; b.shape = (2,2); b[0] = 0; a.shape = (2,3); c = a[1]; c += 5; a[0] = -1; d = b * 2
e = c.base is a; f = b.base is a

a = np.arange(6); a.dtype = "f8"

a = np.arange(6); a.byteswap(inplace=True)

a = np.arange(6, dtype="i2"); b = a.byteswap(); a.byteswap(inplace=True)

a = np.zeros((2,2)); b = np.diagonal(a); a[0,0] = 1; c = b.copy(); c[0] = 9

a = np.zeros((2,2)); b = np.broadcast_to(a[0], (2,2)); b.setflags(write=True); b[0, 1] = 7

a = np.arange(4.); b = a.copy(); c = b; c += 1; import copy; d = copy.copy(a); e = copy.deepcopy(a)
f = copy.deepcopy([a, a]); a[0] = 100; f[0][1] = 9

import pickle; a = np.arange(4.); b = pickle.loads(pickle.dumps(a)); c = pickle.loads(pickle.dumps(a[1:].T))
d = pickle.loads(pickle.dumps(a.sum())); b[0] = 9; e = pickle.loads(pickle.dumps(np.add)) is np.add
"""

# The values only: the strides of copies are NumPy's own business, here they are in C order.
SAME_VALUES = """
a = np.arange(6.); b = np.resize(a, (2,2)); c = np.resize(a, 8); b[0] = 5
"""

SAME_ERRORS = """
a = np.broadcast_to(np.zeros(3), (2,3)); a[0] = 1
a = np.broadcast_to(np.zeros(3), (2,3)); a += 1
a = np.broadcast_to(np.zeros(3), (2,3)); a.fill(1)
a = np.broadcast_to(np.zeros(3), (2,3)); a.sort()
a = np.broadcast_to(np.zeros(3), (2,3)); np.copyto(a, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); np.put(a, 0, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); np.putmask(a, a == 0, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); a[[0]] = 1
a = np.broadcast_to(np.zeros(3), (2,3)); a[a==0] = 1
a = np.broadcast_to(np.zeros(3), (2,3)); a.flat[0] = 1
a = np.broadcast_to(np.zeros(3), (2,3)); a[0].real = 1
a = np.broadcast_to(np.zeros(3), (2,3)); np.fill_diagonal(a, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); np.put_along_axis(a, np.array([[0],[0]]), 1, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); np.add(a, 1, out=a)
a = np.zeros(3); a.flags.writeable = False; a[0] = 1
a = np.zeros(3); a.setflags(write=False); b = a[1:]; b.setflags(write=True)
a = np.zeros(3); a.setflags(write=False); a += 1
a = np.arange(6); np.copyto(a, 1.5)
a = np.arange(6); np.copyto(a, np.array([1.5]))
a = np.arange(6); np.copyto(a, [1,2])
a = np.arange(6); np.copyto(a, 1, where=[True, False])
a = np.arange(6); np.copyto(a, 1, casting="x")
a = np.arange(6, dtype="u1"); np.copyto(a, 300)
a = np.arange(6, dtype="u1"); np.copyto(a, -1, casting="unsafe")
a = np.arange(6); np.put(a, [6], 1)
a = np.arange(6); np.put(a, [-7], 1)
a = np.arange(6); np.put(a, [0], 1, mode="x")
a = np.arange(6.); np.place(a, a > 2, [])
a = np.arange(6.); np.place(a, [True], 1)
a = np.arange(6.); np.putmask(a, [True], 1)
a = np.arange(6); np.putmask(a, a > 1, 2j)
a = np.arange(12.).reshape(3,4); np.put_along_axis(a, np.array([0]), 99, 1)
a = np.arange(12.).reshape(3,4); np.put_along_axis(a, np.array([[4],[0],[0]]), 99, 1)
a = np.arange(12.).reshape(3,4); np.put_along_axis(a, np.array([[0.5],[0],[0]]), 99, 1)
a = np.arange(12.).reshape(3,4); np.put_along_axis(a, np.array([[0],[0]]), 99, 1)
a = np.zeros(3); np.fill_diagonal(a, 5)
a = np.zeros((3,3,4)); np.fill_diagonal(a, 5)
a = np.array([3,1,2]); a.sort(); b = np.array([[3,1],[0,2]]); b.sort(0); c = np.array([[3,1],[0,2]]); c.sort(axis=None)
a = np.array([3,1,2]); a.sort(1)
a = np.array([3,1,2]); a.partition(5)
a = np.array(3); a.sort()
a = np.arange(4.); b = a[:]; b.resize(3)
a = np.arange(4.); a.resize(-1)
a = np.arange(4.); a.resize(2, "x")
a = np.arange(4.); b = np.zeros(4, int); np.add(a, 1, out=b)
a = np.arange(4.); np.add(a, 1, out=[1,2])
a = np.arange(4.); np.add(a, 1, out=3)
a = np.arange(4.); b = np.zeros(4); np.add(a, 1, out=(b,)); np.add(a, 1, out=(None,)); np.add(a, 1, b, out=b)
a = np.arange(4); b = np.add(a, 1, dtype="u1"); np.add(a, a, out=a, dtype=float)
a = np.arange(4); b = np.add(a, 1.5, dtype=int)
a = np.arange(4); np.add(a, 1, 2, 3)
a = np.arange(4); np.add(a, 1, foo=2)
a = np.arange(4); np.add(a, 1, out=(a, a))
a = np.zeros((2,2)); b = np.diagonal(a); b[0] = 1
"""

# The words differ.
SAME_KINDS_OF_ERRORS = """
a = np.broadcast_to(np.zeros(3), (2,3)); np.place(a, a == 0, 1)
a = np.arange(6); np.copyto([1,2], a[:2])
a = np.arange(6); np.put([1,2], [0], 1)
a = np.arange(6).reshape(2,3); a.flat[6]
a = np.arange(6).reshape(2,3); a.flat[6] = 1
a = np.arange(6).reshape(2,3); a.flat[[6]] = 1
a = np.arange(6).reshape(2,3); a.flat["x"]
a = np.arange(6).reshape(2,3); a.flat[0, 1]
a = np.arange(4.); b = np.zeros(3); np.add(a, 1, out=b)
a = np.arange(4); np.add(a)
a = np.arange(4.); a.itemset(0, 1)
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_values(setting):
    check_snippets(SAME_VALUES, layout=False)


def test_errors(setting):
    check_errors(SAME_ERRORS)


def test_kinds_of_errors(setting):
    check_errors(SAME_KINDS_OF_ERRORS, messages=False)
