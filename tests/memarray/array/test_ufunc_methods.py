"""`ufunc.at`: in place, once for each time that an index is there."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.arange(6.).reshape(2,3); np.add.at(a, (slice(None), [0,0]), 1); np.add.at(a, 1, [1,2,3]); np.add.at(a, a > 3, 1)
np.add.at(a.T, [0, 0], 2); np.add.at(a, (0, [0, 0]), 2); np.subtract.at(a, ([0,0],[1,1]), [1, 2])

a = np.arange(6.).reshape(2,3); np.power.at(a, (0, 1), 2); np.add.at(a, (..., 1), 3); np.add.at(a[::-1].T, [0, 2], [[1], [2]])

a = np.arange(3); np.add.at(a, [0,0,2], 1); np.add.at(a, [0,0], 1.9); np.multiply.at(a, 1, 2.5)
np.subtract.at(a, np.array([0]), [1]); np.negative.at(a, [0,0,1]); np.maximum.at(a, [1,1], [7,3])

a = np.zeros(3, "u1"); np.add.at(a, [0,1,1], 300); np.add.at(a, [0], -1); np.multiply.at(a, [0,0], 3)
np.maximum.at(a, [2], 300); np.left_shift.at(a, [0,0], 1)

a = np.zeros(3, "f4"); np.add.at(a, [0,1,1], 0.5); np.minimum.at(a, [0], -1); np.divide.at(a, [0,0], 3)
np.add.at(a, [2], np.ones(1)); np.sqrt.at(a, [1,1])

b = np.zeros(3, bool); np.add.at(b, 0, 1); np.logical_or.at(b, [0,2], [True, False])
np.logical_xor.at(b, [1,1,2], True); np.maximum.at(b, 1, True)

a = np.zeros(3); np.equal.at(a, [0], 0); np.logical_or.at(a, [1], 3); np.add.at(a, (), 1); np.add.at(a, ..., 1)
np.add.at(a, slice(1, None), [1, 2]); np.add.at(a, [], 5); np.add.at(a, np.array([True,False,True]), [5,6])

a = np.zeros(3, complex); np.add.at(a, [0,0], 1j); np.multiply.at(a, 0, 2)

a = np.arange(4.).reshape(2,2) * 1j; a.real = [1,2]; a.imag[0] = 5; a.real += 1; a.imag *= 2; a.T.real = [[1,2],[3,4]]
a.real[a.real > 2] = 0; b = a.real; b[:, 0] = 9; np.add.at(a.real, ([0,0],[0,0]), 1); np.conjugate(a, out=a)

a = np.arange(1000); i = np.array([1, 3, 200], "u1") + np.uint8(0); b = a[i]; a[i] += 7; np.add.at(a, i, 1)
c = a[np.array([2**40], "u8") % 7]
"""

SAME_ERRORS = """
a = np.zeros(3); np.add.at(a, 5, 1)
a = np.zeros(3); np.add.at(a, [0,1], [1,2,3])
a = np.zeros(3); np.add.at(a, 0, [1,2])
a = np.zeros(3); np.add.at(a, 0)
a = np.zeros(3); np.negative.at(a, 0, 1)
a = np.zeros(3); np.divmod.at(a, 0, 1)
a = np.broadcast_to(np.zeros(3), (2,3)); np.add.at(a, 0, 1)
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_errors(setting):
    check_errors(SAME_ERRORS)
