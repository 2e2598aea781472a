"""Indexing with everything that NumPy takes."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.zeros((2,3)); b = a[((0,1),)]; c = a[((0,1),(1,2))]; d = a[[[0,1],[1,1]]]; e = a[[[0]]]

a = np.arange(3.)

a = np.arange(1000); i = np.array([1, 3], "u8"); b = a[i]; c = a[np.array(3, "u8")]; d = a[np.uint8(200)]
e = a[np.array([[True]]).astype("u1")]
"""

# The values only: the strides of copies are NumPy's own business, here they are in C order.
SAME_VALUES = """
a = np.arange(12.).reshape(3,4); b = a[[0,2]]; c = a[[0,2],[1,3]]; d = a[:, [1,1,0]]; e = a[[0],[1]]
f = a[np.array(1)]; g = a[np.array([[0,1],[2,0]])]; h = a[[]]; i = a[[], []]

a = np.arange(24.).reshape(2,3,4); b = a[[0,1], :, [1,2]]; c = a[:, [0,1], [1,2]]; d = a[[0,1],[1,2]]
e = a[0, :, [1,2]]; f = a[[1,0],0]; g = a[..., [1]]; h = a[None, [1]]; i = a[[1],None,[1]]

a = np.arange(24.).reshape(2,3,4); b = a[1, [0,2]]; c = a[1, ..., [0,2]]; d = a[[0,1], 1:, 0]; e = a[[0,1], ..., 0]
f = a[:, 1, [3]]; g = a[0, [1], 2]; h = a[0, [[1]], ::-1]; i = a[::-1, [0,1]]

a = np.arange(12.).reshape(3,4); b = a[a > 4]; c = a[a[:, 0] > 2]; d = a[:, [True, False, True, False]]
e = a[[True, False, True], 1]; f = a[[True,False,True],[1,2]]; g = a[np.array([True,False,False])]

a = np.arange(12.).reshape(3,4); b = a[True]; c = a[False]; d = a[np.array(True)]; e = a[True, 1]; f = a[1, False]
g = a[..., True]; h = a[None, True]; i = a[[1], True]; j = a[True, [0,2]]; k = a[np.True_]
"""

SAME_ERRORS = """
a = np.zeros((2,3)); a[5]
a = np.zeros((2,3)); a[0, 3]
a = np.zeros((2,3)); a[-3]
a = np.zeros((2,3)); a[0,0,0]
a = np.zeros((2,3)); a[..., ...]
a = np.zeros((2,3)); a[..., 0, ...]
a = np.zeros((2,3)); a[1.0]
a = np.zeros((2,3)); a["x"]
a = np.zeros((2,3)); a[1.0:]
a = np.zeros((2,3)); a[::0]
a = np.zeros((2,3)); a[[0, 2]]
a = np.zeros((2,3)); a[[0, -3]]
a = np.zeros((2,3)); a[:, [0, 3]]
a = np.zeros((2,3)); a[[0,1],[0,1,2]]
a = np.zeros((2,3)); a[[0.5]]
a = np.zeros((2,3)); a[np.array([1.0])]
a = np.zeros((2,3)); a[[0],[0],[0]]
a = np.zeros((2,3)); a[[True, False, True]]
a = np.zeros((2,3)); a[:, [True, False]]
a = np.zeros((2,3)); a[np.ones((2,3,1), bool)]
a = np.zeros((2,3)); a[np.ones((3,2), bool)]
a = np.zeros((2,3)); a[np.ones((2,2), bool)]
a = np.zeros(3); a[None, 1, 2]
a = np.zeros(3); a[1, None, 2, 3]
a = np.zeros((2,3)); a[{}]
a = np.array(1.0); a[0]
a = np.array(1.0); len(a)
a = np.array(1.0); iter(a)
a = np.array(1.0); [x for x in a]
a = np.arange(1000); a[np.array([1, 2**63], "u8")]
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_values(setting):
    check_snippets(SAME_VALUES, layout=False)


def test_errors(setting):
    check_errors(SAME_ERRORS)
