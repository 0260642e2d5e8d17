#!/usr/bin/env python3
"""Prints the EIDs of names from an image, without a daemon; Python's standard library alone.

    ./lookup.py /var/lib/eidcached/current.eidc sales sales_prod.orders
    ./lookup.py --prefix sales_prod. /var/lib/eidcached/current.eidc

As a module:

    with Image("/var/lib/eidcached/current.eidc") as image:
        image.refresh()                     # cheap: before each piece of work
        image.forward("sales")              # "e04e...", or None
        image.reverse("e04e...")            # "sales", or None
        image.forward_many(["a", "b"])      # {"a": ["..."], "b": []}
        for name, eid in image.scan("sales_prod."):
            ...
"""
import ctypes
import os
import sys

OK, MISS, TOO_SMALL, ERROR = range(4)
MESSAGE, LONGEST, PAGE = 1024, 2049, 1000


class Text(ctypes.Structure):
    """struct eidcache_text; the bytes are kept alive by the caller."""
    _fields_ = [("p", ctypes.c_char_p), ("n", ctypes.c_size_t)]


# Callbacks get addresses and lengths: text is not NUL-terminated.
EachKey = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,
                           ctypes.c_size_t)
EachEntry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t,
                             ctypes.c_void_p, ctypes.c_size_t)


def load(path=None):
    """The library, with the types of the functions used here. ctypes lets other threads run during
    a call."""
    library = ctypes.CDLL(path or os.environ.get("LIBEIDCACHE", "libeidcache.so.0"))
    handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    one = [handle, text, size, text, size, ctypes.POINTER(size)]
    many = [handle, ctypes.POINTER(Text), size, EachKey, ctypes.c_void_p]
    for name, arguments in {
            "open": [text, ctypes.POINTER(handle), text],
            "close": [handle],
            "refresh": [handle, ctypes.POINTER(ctypes.c_int), text],
            "forward": one,
            "reverse": one,
            "forward_many": many,
            "reverse_many": many,
            "scan": [handle, text, size, text, size, EachEntry, ctypes.c_void_p],
    }.items():
        getattr(library, "eidcache_" + name).argtypes = arguments
    library.eidcache_close.restype = None
    return library


class Image:
    """An image file. Any number of threads may look up in one."""

    def __init__(self, path, library=None):
        self._library = library or load()
        self._handle = ctypes.c_void_p()
        message = ctypes.create_string_buffer(MESSAGE)
        if self._library.eidcache_open(os.fsencode(path), ctypes.byref(self._handle),
                                       message) != OK:
            raise OSError(message.value.decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._library.eidcache_close(self._handle)
        self._handle = None

    def refresh(self):
        """Follows the file when it was replaced; says whether it was."""
        message, changed = ctypes.create_string_buffer(MESSAGE), ctypes.c_int()
        if self._library.eidcache_refresh(self._handle, ctypes.byref(changed), message) != OK:
            raise OSError(message.value.decode())
        return bool(changed.value)

    def forward(self, name):
        return self._one(self._library.eidcache_forward, name)

    def reverse(self, eid):
        return self._one(self._library.eidcache_reverse, eid)

    def forward_many(self, names):
        return self._many(self._library.eidcache_forward_many, names)

    def reverse_many(self, eids):
        return self._many(self._library.eidcache_reverse_many, eids)

    def scan(self, prefix="", after=None):
        """Yields (name, EID) of each name with the prefix, in order, some at a time."""
        page = self._page(prefix, after)
        while page:
            yield from page
            page = self._page(prefix, page[-1][0])

    def _one(self, function, key):
        key, out, size = key.encode(), ctypes.create_string_buffer(LONGEST), ctypes.c_size_t()
        if function(self._handle, key, len(key), out, LONGEST, ctypes.byref(size)) != OK:
            return None
        return out.raw[:size.value].decode()

    def _many(self, function, keys):
        encoded = [key.encode() for key in keys]
        texts = (Text * len(encoded))(*[(key, len(key)) for key in encoded])
        found = [[] for _ in encoded]

        def each(_, index, text, length):
            if text is not None:
                found[index].append(ctypes.string_at(text, length).decode())
            return 0
        function(self._handle, texts, len(encoded), EachKey(each), None)
        return dict(zip(keys, found))

    def _page(self, prefix, after):
        """At least PAGE entries, if there are as many, and all of each name's."""
        prefix, page = prefix.encode(), []
        after = after.encode() if after is not None else None

        def each(_, name, name_length, eid, eid_length):
            name = ctypes.string_at(name, name_length).decode()
            if len(page) >= PAGE and page[-1][0] != name:
                return 1
            page.append((name, ctypes.string_at(eid, eid_length).decode()))
            return 0
        self._library.eidcache_scan(self._handle, prefix, len(prefix), after, len(after or b""),
                                    EachEntry(each), None)
        return page


def main(arguments):
    prefix = None
    if len(arguments) == 3 and arguments[0] == "--prefix":
        prefix, arguments = arguments[1], arguments[2:]
    elif len(arguments) < 2:
        print("usage: lookup.py IMAGE NAME... | --prefix TEXT IMAGE", file=sys.stderr)
        return 2
    missed = 0
    try:
        image = Image(arguments[0])
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    with image:
        if prefix is not None:
            for name, eid in image.scan(prefix):
                print(name, eid, sep="\t")
        else:
            for name, eids in image.forward_many(arguments[1:]).items():
                if eids:
                    print(name, eids[0], sep="\t")
                else:
                    print(f"{name}: not in this image", file=sys.stderr)
                    missed = 4
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
