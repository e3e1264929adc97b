# SPDX-License-Identifier: BSD-3-Clause
# A hand at the windows of a display: find TITLE, close TITLE as a window manager does, click TITLE X Y (parts of the window).
import ctypes, sys, time
X = ctypes.CDLL('libX11.so.6')
P, UL, I = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
for name, result, args in (('XOpenDisplay', P, [P]), ('XDefaultRootWindow', UL, [P]), ('XInternAtom', UL, [P, ctypes.c_char_p, I]), ('XSync', I, [P, I]),
                           ('XFetchName', I, [P, UL, P]), ('XQueryTree', I, [P, UL, P, P, P, P]), ('XSendEvent', I, [P, UL, I, ctypes.c_long, P]),
                           ('XGetGeometry', I, [P, UL] + [P] * 7), ('XGetWindowAttributes', I, [P, UL, P]), ('XFree', I, [P]),
                           ('XTranslateCoordinates', I, [P, UL, UL, I, I, P, P, P])):
    f = getattr(X, name)
    f.restype, f.argtypes = result, args
d = X.XOpenDisplay(None)
if not d:
    sys.exit('no display')
@ctypes.CFUNCTYPE(I, P, P)
def quiet(display, event):
    return 0
X.XSetErrorHandler.argtypes = [P]
X.XSetErrorHandler(quiet)

class Message(ctypes.Structure):
    _fields_ = [('type', I), ('serial', UL), ('send', I), ('display', P), ('window', UL), ('message_type', UL), ('format', I), ('l', ctypes.c_long * 5), ('pad', ctypes.c_long * 24)]

def children(w):
    root, parent, list_, n = UL(), UL(), ctypes.POINTER(UL)(), ctypes.c_uint()
    if not X.XQueryTree(d, w, ctypes.byref(root), ctypes.byref(parent), ctypes.byref(list_), ctypes.byref(n)):
        return []
    return [list_[k] for k in range(n.value)]

def shown(w):                                  # map_state of XWindowAttributes: int number 23
    a = (I * 64)()
    return X.XGetWindowAttributes(d, w, a) and a[23] == 2

def find(title, w=None):
    w = w or X.XDefaultRootWindow(d)
    name = ctypes.c_char_p()
    if X.XFetchName(d, w, ctypes.byref(name)) and name.value and title.encode() in name.value and shown(w):
        return w
    for c in children(w):
        r = find(title, c)
        if r:
            return r

what, title = sys.argv[1:3]
for _ in range(100 if what != 'gone' else 50):
    w = find(title)
    if bool(w) == (what != 'gone'):
        break
    time.sleep(0.1)
if what == 'gone':
    sys.exit(bool(w))
if not w:
    sys.exit('no window is called ' + title)
if what == 'close':
    e = Message(type=33, window=w, message_type=X.XInternAtom(d, b'WM_PROTOCOLS', 0), format=32)
    e.l[0] = X.XInternAtom(d, b'WM_DELETE_WINDOW', 0)
    X.XSendEvent(d, w, 0, 0, ctypes.byref(e))
elif what == 'click':
    T = ctypes.CDLL('libXtst.so.6')
    T.XTestFakeMotionEvent.argtypes = [P, I, I, I, UL]
    T.XTestFakeButtonEvent.argtypes = [P, ctypes.c_uint, I, UL]
    root, x, y, wide, high, edge, depth = UL(), I(), I(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    X.XGetGeometry(d, w, *[ctypes.byref(v) for v in (root, x, y, wide, high, edge, depth)])
    child, left, top = UL(), I(), I()
    X.XTranslateCoordinates(d, w, X.XDefaultRootWindow(d), 0, 0, ctypes.byref(left), ctypes.byref(top), ctypes.byref(child))
    T.XTestFakeMotionEvent(d, -1, left.value + int(float(sys.argv[3]) * wide.value), top.value + int(float(sys.argv[4]) * high.value), 0)
    X.XSync(d, 0)
    time.sleep(0.2)
    for down in (1, 0):
        T.XTestFakeButtonEvent(d, 1, down, 0)
        X.XSync(d, 0)
        time.sleep(0.05)
X.XSync(d, 0)
