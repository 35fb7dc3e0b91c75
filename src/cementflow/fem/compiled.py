"""How kernels are compiled: without what nobody asks for, as each way into a kernel takes time to compile.

Numba makes two ways into whatever it compiles, one for Python and one for C, and a third for other kernels. A tuple of
25 arrays, as the linear solver has them, is longer to unpack than many a kernel.
"""

from __future__ import annotations

from typing import Any

from numba import njit

_njit: Any = njit  # which takes more than its types tell
# Called from Python, and maybe from other kernels.
kernel = _njit(cache=True, nogil=True, no_cfunc_wrapper=True)
# Called from other kernels alone: Python would find nothing to call.
inner = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
