"""Views: what they are views of, their strides, and writing through them."""

from tests.memarray.array.comparing import check_errors, check_snippets

# The values, and what is a view of what with which strides.
SAME = """
a = np.arange(24).reshape(2,3,4); b = a[1]; c = a[-1]; d = a[1, 2]; e = a[1,2,3]; f = a[..., 0]; g = a[:, ::-1]
h = a[::-2, ..., 1:3]

a = np.arange(24).reshape(2,3,4); b = a[None]; c = a[:, None, 1]; d = a[..., None]; e = a[1, ..., None, 2]
f = a[1,2,3,...]; g = a[()]; h = a[...]

a = np.arange(10.); b = a[5:2]; c = a[20:]; d = a[-3:]; e = a[::-3]; f = a[8:2:-2]; g = a[-100:100:3]; h=a[2:2]
h[...] = 3

a = np.arange(10.); a[5:2] = 4; a[::-3] = np.arange(4.); b = a[::-1]; b[::2] = -1.0; c = b[1:4]; c += 10

a = np.arange(12).reshape(3,4); b = a.T; b[0] = 7; c = b.reshape(2, 6); c[0] = 9; d = a.reshape(2, 6); d[0] = 8

a = np.arange(12).reshape(3,4); b = a.ravel(); b[2:4] = 0; c = a.T.ravel(); c[0] = 5; d = a.flatten(); d[0] = 3
e = a.T.ravel("F"); e[1] = 77; f = a.T.ravel("K"); f[1]=78; g = a.T.ravel("A"); g[2] = 5

a = np.arange(12).reshape(3,4); b = a.T.reshape(-1, order="F"); b[0] = 100; c = a.reshape(4, 3, order="F"); c[0] = 55
d = a.T.reshape(6, 2, order="A"); d[0]=2; e=a.reshape((2,-1)); f = a.reshape(2,-1,2)

a = np.arange(12).reshape(3,4); b = a.swapaxes(0, 1); c = a.swapaxes(-1, 0); d = np.moveaxis(a, 0, -1)
e = a.transpose(1,0); f = a.transpose((1,0)); g = a.transpose(); h = a.transpose(None); h[0,0] = 5; i = a.mT

a = np.arange(12.).reshape(3,4); b = a.diagonal(); c = a.diagonal(1); d = a.diagonal(-2); e = np.diagonal(a, 0, 1, 0)
f = a.diagonal(10)

a = np.arange(24.).reshape(2,3,4); b = a.diagonal(0,1,2); c = a.diagonal(1, 0, -1); d = a.T.diagonal()

a = np.arange(6.).reshape(2,3) * (1+2j); b = a.real; c = a.imag; b[0] = 3; c[:, 1] = -1; d = a[::-1].real
d[0, 0] = 77; a.real = 2; a.imag[0] = [1,2,3]

a = np.arange(6.); b = a.real; c = a.imag; b[0] = 7

a = np.arange(6.); a.real = 3

a = np.arange(6.).reshape(1,6,1); b = a.squeeze(); c = a.squeeze(0); d = a.squeeze(-1); e = a.squeeze((0,2)); b[0] = 9
f = np.expand_dims(a, 0); g = np.expand_dims(a, (0,-1)); g[...] = 2

a = np.arange(6.).reshape(2,3); b = np.flip(a); c = np.flip(a, 0); d = np.fliplr(a); e = np.flipud(a); f = np.rot90(a)
g = np.rot90(a, 2); h = np.rot90(a, 3); i = np.rot90(a, 0); j = np.rot90(a, 1, (1,0)); f[0] = 5; g[0]= 6; h[1] = -3

a = np.arange(6.); b, c = np.split(a, 2); d = np.array_split(a, 4); c[0] = 8; d[3][0] = 9

a = np.arange(6.); b = np.split(a, [1, 4, 9]); b[1][:] = 2

a = np.arange(24.).reshape(2,3,4); b = np.hsplit(a, 3); c = np.vsplit(a, 2); d = np.dsplit(a, [1]); d[0][...] = 0

a = np.arange(4.); b = np.broadcast_to(a, (3, 4)); a[0] = 1; c = b[1:]; d = b.T; e = b.reshape(12); f = b[:, ::2]

a = np.arange(8.); b = sliding_window_view(a, 3); a[2] = 100; c = b[::2, 1:]

a = np.arange(8.); b = sliding_window_view(a, 3, writeable=True); b[:, 1] = -1; b[0] = 7

a = np.arange(20.).reshape(4,5); b = sliding_window_view(a, (2,3)); c = sliding_window_view(a.T, 2, axis=0)
d = sliding_window_view(a[:, ::2], 2, axis=1)

a = np.arange(8, dtype="i4"); b = a.view("f4"); b[0] = 1.0; c = a.view("i8"); c[1] = -1; d = a.view("i2"); d[0] = 77
e = a.view("u4"); f = a.view(); f[7] = 9; g = a.view(np.int32)

a = np.arange(8, dtype="f8"); b = a.view("c16"); b[0] = 5; c = a.view("u8"); d = a.reshape(2,4).view("c16"); d[1] = 1j
e = a.view("i4"); e[1] = 0; f = a[::2].view("i8"); f[0] = 3

a = np.arange(8, dtype="c16"); b = a.view("f8"); b[::2] = 5; c = a.view("c8"); d = a.view("i8")

a = np.arange(6, dtype="i4").reshape(2,3); b = a.T.view("f4"); b[0] = 2

a = np.arange(6, dtype="i4").reshape(2,3); c = a[:, None, :, None]; d = c.view("f4"); a[...].view("i2")[0] = 0

a = np.arange(3.); b = np.atleast_1d(a); c = np.atleast_2d(a); d = np.atleast_3d(a); c[0,0] = 9
e = np.atleast_2d(3.0); f = np.atleast_1d(1, [2]); g = np.atleast_3d(np.ones((2,2)))

a = np.arange(6.); a.shape = (2,3); b = a[0]; b[0] = 10; a.shape = -1

a = np.array(True); b = a.view("u1"); c = np.array([True, False]).view("u1"); c[1] = 1

a = np.array([1,2], "u1"); b = a.view(bool); b[0] = False

a = np.zeros((0, 3)); b = a.T; c = a[:, 1]; d = a.reshape(3, 0); e = a.ravel(); a[...] = 1; f = a[::-1]
g = a.reshape(0, 7)

a = np.zeros((2, 3)); b = np.reshape(a, 6, copy=True); b[0] = 1

a = np.zeros((2,3)); b = np.expand_dims(a, 2); c = np.expand_dims(np.array(1.0), 0); d = np.rollaxis(a, 1)
e = np.matrix_transpose(a); f = np.permute_dims(a, (1,0)); g = np.unstack(a); g[0][:] = 2

a = np.zeros((2,3)); b = a.T[1]; b[:] = [1,2]; c = a[:, ::-1][::-1, 1:].T; c[0] = -1; d = c[1:][0]; d += 5

a = np.arange(24).reshape(2,3,4); b = a.transpose(2,0,1)[1:3, :, ::-1]; b *= 2; c = b.reshape(2, 6); c[0] = 0
d = b[:, 1]; d[...] = [[1,2,3],[4,5,6]]

a = np.arange(6.).reshape(2,3); b = a.base; c = a[0].base; d = a[0][1:].base; e = a.T.base

x = np.zeros((2,3)); a = x[0].base is x; b = x[0][1:].base is x; c = x.T.T.base is x; d = x.real is x; e = x[...] is x
f = x[...].base is x; g = x.base is None
"""

# The values only: the strides of copies are NumPy's own business, here they are in C order.
SAME_VALUES = """
a = np.arange(4.); b = np.broadcast_to(a, 4); c = np.broadcast_to(3.0, (2,)); d = np.broadcast_arrays(a, a[:, None])
"""

SAME_ERRORS = """
a = np.arange(6.); a.imag = 3
a = np.arange(6.); a.imag[0] = 3
a = np.arange(6.).reshape(1,6,1); a.squeeze(1)
a = np.arange(6.).reshape(1,6,1); a.squeeze(5)
a = np.arange(6.); np.split(a, 4)
a = np.arange(4.); b = np.broadcast_to(a, (3, 4)); b[0] = 1
a = np.arange(4.); b = np.broadcast_to(a, (4, 3))
a = np.arange(8.); b = sliding_window_view(a, 3); b[0] = 1
a = np.arange(6, dtype="i4").reshape(2,3); a.view("i8")
a = np.arange(6, dtype="i4").reshape(2,3); a.T.view("i8")
a = np.array(3, "i4"); b = a.view("f4"); b[...] = 1; a.view("i8")
a = np.arange(6.).reshape(2,3).T; a.shape = 6
a = np.arange(6.); a.shape = 4
a = np.zeros((0, 3)); a.reshape(-1, 0)
a = np.zeros((2, 3)); a.reshape(-1, 4)
a = np.zeros((2, 3)); a.reshape(-1, -1)
a = np.zeros((2, 3)); a.reshape(7)
a = np.zeros((2, 3)); b = np.reshape(a.T, 6, copy=False)
a = np.zeros((2, 3)); a.transpose(0)
a = np.zeros((2, 3)); a.transpose(0, 0)
a = np.zeros((2, 3)); a.transpose(0, 2)
a = np.zeros((2, 3)); a.swapaxes(0, 2)
a = np.zeros((2, 3)); np.moveaxis(a, 0, 3)
a = np.zeros(3); a.diagonal()
a = np.zeros((2,3)); np.diagonal(a, 0, 0, 0)
a = np.zeros((2,3)); np.expand_dims(a, 5)
"""


def test_values_and_layout(setting):
    check_snippets(SAME)


def test_values(setting):
    check_snippets(SAME_VALUES, layout=False)


def test_errors(setting):
    check_errors(SAME_ERRORS)
