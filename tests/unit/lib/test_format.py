"""An independent reader, written from docs/image-format.md alone, finds in images what was put into
them: test_format.py EIDCTL DOCUMENT"""
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import xxhash
except ImportError:
    print("python3-xxhash is not installed")
    sys.exit(1 if os.environ.get("CI") else 77)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support"))
import format_reader

EIDCTL, DOCUMENT = sys.argv[1:3]


def documented():
    """The worked example's bytes."""
    block = bytearray()
    with open(DOCUMENT, encoding="utf-8") as document:
        for dump in re.findall(r"^```dump\n(.*?)^```$", document.read(), re.S | re.M):
            for line in dump.splitlines():
                at, data = re.match(r"([0-9a-f]{4}) ([0-9a-f ]*?)(?:  .*)?$", line).groups()
                block.extend(bytes(int(at, 16) - len(block)))
                block.extend(bytes.fromhex(data))
    return bytes(block)


def checksum(name):
    return hashlib.sha256(name.encode()).digest()[:16]


class Example(unittest.TestCase):
    image = format_reader.Image(documented())

    def test_header(self):
        self.assertEqual((self.image.number, self.image.created_at), (42, 1700000003000))
        self.assertEqual((self.image.entries, self.image.names, self.image.texts), (3, 3, 2))

    def test_both_ways(self):
        self.assertEqual(self.image.forward("sales"), [checksum("sales").hex()])
        self.assertEqual(self.image.forward("alias/a"), ["key-1"])
        self.assertEqual(self.image.forward("alias"), [])
        self.assertEqual(self.image.reverse("key-1"), ["alias/a", "alias/b"])
        self.assertEqual(self.image.reverse(checksum("sales").hex().upper()), ["sales"])
        self.assertEqual(self.image.reverse(checksum("sale").hex()), [])
        self.assertEqual(self.image.reverse("key-2"), [])

    def test_list(self):
        keys, eu, us = (("keys", "eu", 1700000000000), ("glue", "eu", 1700000001000),
                        ("glue", "us", 1700000002000))
        self.assertEqual(list(self.image.scan()),
                         [("alias/a", "key-1", [keys]), ("alias/b", "key-1", [keys]),
                          ("sales", checksum("sales").hex(), [eu, us])])
        self.assertEqual([name for name, *_ in self.image.scan("alias/b")], ["alias/b"])

    def test_damage(self):
        block = bytearray(documented())
        block[0x230] ^= 1
        with self.assertRaises(ValueError):
            format_reader.Image(bytes(block))


class Made(unittest.TestCase):
    names = [f"{kind}_{i}" + "x" * (i % 300) for i in range(4000) for kind in ("db", "größe")]

    def make(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/a.eidc"
            subprocess.run([EIDCTL, "image", "build", "-O", path, *options], check=True,
                           input="\n".join(self.names).encode(), stdout=subprocess.DEVNULL)
            with open(path, "rb") as file:
                return format_reader.Image(file.read())

    def check(self, image, show):
        self.assertEqual(image.entries, len(self.names))
        for name in self.names:
            eid = show(checksum(name))
            self.assertEqual(image.forward(name), [eid])
            self.assertEqual(image.reverse(eid), [name])
            self.assertEqual(image.forward(name + "?"), [])
        ordered = sorted(self.names, key=str.encode)
        self.assertEqual([name for name, *_ in image.scan()], ordered)
        self.assertEqual([name for name, *_ in image.scan("db_39")],
                         [name for name in ordered if name.startswith("db_39")])

    def test_hex(self):
        self.check(self.make(), bytes.hex)

    def test_prefix(self):
        self.check(self.make("--prefix", "e-"), lambda raw: "e-" + raw.hex())

    def test_fewer_bits(self):
        self.check(self.make("--bits", "64"), lambda raw: raw[:8].hex())

    def test_base32(self):
        image = self.make("--encoding", "base32")
        self.check(image, lambda raw: image.show(raw, False))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
