#!/usr/bin/env python3
"""The documentation's Python example, on images that eidctl makes:
test_python.py EIDCTL LIBRARY EXAMPLE"""
import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import unittest

EIDCTL, LIBRARY, EXAMPLE = sys.argv[1:4]
NAMES = ["sales", "größe.表", *(f"db.t{i:04}" for i in range(2500))]


def load_example():
    spec = importlib.util.spec_from_file_location("lookup", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def eid(name):
    return hashlib.sha256(name.encode()).hexdigest()[:32]


class Example(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = folder.name + "/a.eidc"
        self.build(NAMES)
        self.lookup = load_example()

    def build(self, names):
        subprocess.run([EIDCTL, "image", "build", "-O", self.path], check=True,
                       input="\n".join(names).encode(), stdout=subprocess.DEVNULL)

    def open(self):
        image = self.lookup.Image(self.path, self.lookup.load(LIBRARY))
        self.addCleanup(image.close)
        return image

    def test_look_ups(self):
        image = self.open()
        self.assertEqual(image.forward("größe.表"), eid("größe.表"))
        self.assertEqual(image.reverse(eid("sales")), "sales")
        self.assertIsNone(image.forward("none"))
        self.assertIsNone(image.reverse("sales"))
        self.assertEqual(image.forward_many(["sales", "none"]),
                         {"sales": [eid("sales")], "none": []})
        self.assertEqual(image.reverse_many([eid(n) for n in NAMES]), {eid(n): [n] for n in NAMES})

    def test_scan(self):
        image = self.open()
        self.assertEqual(list(image.scan()), [(n, eid(n)) for n in sorted(NAMES)])
        self.assertEqual([n for n, _ in image.scan("db.t1", "db.t1997")], ["db.t1998", "db.t1999"])
        self.assertEqual(list(image.scan("none")), [])

    def test_refresh(self):
        image = self.open()
        self.assertFalse(image.refresh())
        self.build(["new"])
        self.assertIsNone(image.forward("new"))
        self.assertTrue(image.refresh())
        self.assertEqual(image.forward("new"), eid("new"))
        os.unlink(self.path)
        with self.assertRaisesRegex(OSError, self.path):
            image.refresh()
        self.assertEqual(image.forward("new"), eid("new"))

    def test_threads(self):
        image, answers = self.open(), []

        def ask():
            for _ in range(200):
                answers.append(image.forward("sales"))
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            self.build(NAMES)
            image.refresh()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [eid("sales")] * 800)

    def test_no_image(self):
        with self.assertRaisesRegex(OSError, "/proc/nonexistent"):
            self.lookup.Image("/proc/nonexistent", self.lookup.load(LIBRARY))

    def run_it(self, *arguments):
        done = subprocess.run([sys.executable, EXAMPLE, *arguments], text=True, check=False,
                              capture_output=True, env=dict(os.environ, LIBEIDCACHE=LIBRARY))
        return done.returncode, done.stdout

    def test_as_a_program(self):
        line = "sales\t" + eid("sales") + "\n"
        self.assertEqual(self.run_it(self.path, "sales"), (0, line))
        self.assertEqual(self.run_it(self.path, "none", "sales"), (4, line))
        self.assertEqual(self.run_it("--prefix", "sa", self.path), (0, line))
        self.assertEqual(self.run_it("/proc/nonexistent", "sales"), (1, ""))
        self.assertEqual(self.run_it(self.path), (2, ""))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
