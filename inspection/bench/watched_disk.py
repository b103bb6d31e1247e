"""SQLite's file port with a watcher: every sync of a database or journal file is told, before or after it is done.

A VFS like the one that SQLite has for this system, but for `xSync` (https://www.sqlite.org/vfs.html); reads and writes
stay native. For measurements with a slow disk, and for tests that ask what a power cut would leave.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p, cast
from pathlib import Path

OnSync = Callable[[Path], None]
"""The file that is about to be synced, or that was; called in whatever thread commits."""

#: The name is passed on by its address: SQLite keeps it for as long as the file is open.
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
_OK = 0


class _Vfs(Structure):
    """`struct sqlite3_vfs`, version 3; what stands behind `xOpen` is copied as it is."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("most_path_bytes", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("app_data", c_void_p),
        ("open", c_void_p),
        *((f"call{number}", c_void_p) for number in range(14)),
    )


class _Methods(Structure):
    """`struct sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("version", c_int),
        *((f"before{number}", c_void_p) for number in range(4)),
        ("sync", c_void_p),
        *((f"after{number}", c_void_p) for number in range(13)),
    )


class _File(Structure):
    """`struct sqlite3_file`: what SQLite's own file structure begins with."""

    _fields_ = (("methods", c_void_p),)


class _Watch:
    """Holds everything that C points to; it has to outlive every connection that was opened meanwhile."""

    def __init__(self, library: ctypes.CDLL, before: OnSync, after: OnSync) -> None:
        self._before, self._after = before, after
        self._paths: dict[int, Path] = {}
        self._methods: dict[int, _Methods] = {}
        self._callbacks: list[object] = []
        self._name = b"yuntakan-watched"
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        self.original = library.sqlite3_vfs_find(None)
        self._open = _OPEN(self.original.contents.open)
        self.vfs = _Vfs.from_buffer_copy(self.original.contents)
        opened = _OPEN(self._on_open)
        self._callbacks.append(opened)
        self.vfs.name, self.vfs.next, self.vfs.open = self._name, None, cast(opened, c_void_p)

    def _on_open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        done: int = self._open(vfs, name, file, flags, out)
        held = cast(file, POINTER(_File)).contents
        if done == _OK and held.methods and name:
            self._paths[file] = Path(ctypes.string_at(name).decode())
            held.methods = ctypes.addressof(self._watched(held.methods))
        return done

    def _watched(self, address: int) -> _Methods:
        if address not in self._methods:
            methods = _Methods.from_buffer_copy(cast(address, POINTER(_Methods)).contents)
            native = _SYNC(methods.sync)

            def sync(file: int, flags: int) -> int:
                path = self._paths[file]
                self._before(path)
                done: int = native(file, flags)
                self._after(path)
                return done

            callback = _SYNC(sync)
            self._callbacks.append(callback)
            methods.sync = cast(callback, c_void_p)
            self._methods[address] = methods
        return self._methods[address]


def _nothing(_path: Path) -> None:
    pass


@contextmanager
def watched_disk(*, before: OnSync = _nothing, after: OnSync = _nothing) -> Iterator[None]:
    """Connections that are opened within the block are watched; all of them have to be closed when it ends.

    A watcher must not raise: SQLite would not hear of it.
    """
    library = _library()
    watch = _Watch(library, before, after)
    if library.sqlite3_vfs_register(byref(watch.vfs), 1) != _OK:
        raise RuntimeError("SQLite takes no other file port")
    try:
        yield
    finally:
        library.sqlite3_vfs_register(watch.original, 1)
        library.sqlite3_vfs_unregister(byref(watch.vfs))


def _library() -> ctypes.CDLL:
    """The SQLite that Python's own module is linked with, whose symbols its handle finds."""
    import _sqlite3

    return ctypes.CDLL(_sqlite3.__file__)
