"""Reads images as docs/image-format.md describes them, and only as it does: an image that this
reader misreads is a fault of the document, of the writer or of both."""
import base64
import struct

import xxhash

SECTIONS = ("scheme", "scopes", "sets", "records", "order", "forward", "reverse", "postings",
            "state")


A, B = 0xE7037ED1A0B4FF1B, 0xA0761DFF78BD642F


def fold(product):
    return product >> 64 ^ product & 2**64 - 1


def hash_of(key, seed):
    n, at, state = len(key), 0, seed ^ B
    while n - at > 16:
        x, y = struct.unpack_from("<QQ", key, at)
        state, at = fold((x ^ A) * (y ^ state)), at + 16
    if n >= 16:
        x, y = struct.unpack("<QQ", key[-16:])
    elif n >= 8:
        x, y = struct.unpack("<QQ", key[:8] + key[-8:])
    elif n >= 4:
        x, y = struct.unpack("<II", key[:4] + key[-4:])
    else:
        x, y = (key[0] + (key[n // 2] << 8) + (key[-1] << 16), 0) if n else (0, 0)
    p = (x ^ A) * (y ^ state)
    return fold((p & 2**64 - 1 ^ B ^ n) * (p >> 64 ^ A))


class Image:
    def __init__(self, block):
        magic, version, mark, size = struct.unpack_from("<8sIIQ", block)
        if magic != b"EIDCIMG1" or mark != 0x01020304 or version != 1 or size != len(block):
            raise ValueError("not an image that this reader knows")
        if xxhash.xxh3_128_digest(block[:-16]) != block[-16:]:
            raise ValueError("damaged")
        self.number, self.created_at = struct.unpack_from("<Qq", block, 24)
        (self.entries, self.names, self.texts, self.scope_count,
         self.set_count) = struct.unpack_from("<QQQII", block, 80)
        self.part = {}
        for i, section in enumerate(SECTIONS):
            at, n = struct.unpack_from("<QQ", block, 112 + 16 * i)
            self.part[section] = block[at:at + n]
        scheme = self.part["scheme"]
        bits, self.encoding = struct.unpack_from("<HB", scheme, 72)
        self.raw_size, self.prefix = bits // 8, scheme[32:72].rstrip(b"\0").decode()
        self.records, self.unit = self.part["records"], 1
        while len(self.records) > self.unit << 32:
            self.unit *= 2

    def varint(self, at):
        value = shift = 0
        while self.records[at] & 0x80:
            value |= (self.records[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
        return value | self.records[at] << shift, at + 1

    def record(self, at):
        """(name, EID, whether that is text, scope set), and where the next record starts."""
        name_size, at = self.varint(at)
        set_and_kind, at = self.varint(at)
        text, eid_size = set_and_kind & 1 == 1, self.raw_size
        if text:
            eid_size, at = self.records[at], at + 1
        name = at + eid_size
        end = name + name_size
        return ((self.records[name:end].decode(), self.records[at:name], text, set_and_kind >> 1),
                -(-end // self.unit) * self.unit)

    def slots(self, index, key, text=False):
        """What the slots that may be the key's point at, and whether each has several."""
        seed, buckets, _, reach = struct.unpack_from("<4Q", index)
        key_hash = hash_of(key, (seed + (text << 63)) % 2**64)
        home = key_hash * buckets >> 64
        for bucket in range(home, home + reach + 1):
            at = 64 + 64 * (bucket % buckets)
            state, = struct.unpack_from("<I", index, at + 12)
            for i in range(state >> 12 & 15):
                if index[at + i] == key_hash & 0xFF:
                    yield struct.unpack_from("<I", index, at + 16 + 4 * i)[0], state >> i & 1
            if not state >> 31:
                return

    def show(self, eid, text):
        if text:
            return eid.decode()
        plain = (eid.hex, lambda: base64.b32encode(eid).decode().lower().rstrip("="),
                 lambda: base64.urlsafe_b64encode(eid).decode().rstrip("="))
        return self.prefix + plain[self.encoding]()

    def parse(self, eid):
        """The bytes of a checksum EID; none: it is not printed like one."""
        digits = eid[len(self.prefix):].encode() if eid.startswith(self.prefix) else b"?"
        padding = b"=" * (-len(digits) % 8)
        parse = (bytes.fromhex, lambda _: base64.b32decode(digits.upper() + padding),
                 lambda _: base64.urlsafe_b64decode(digits + padding))
        try:
            raw = parse[self.encoding](digits.decode())
        except ValueError:
            return b""
        return raw if len(raw) == self.raw_size else b""

    def forward(self, name):
        for unit, several in self.slots(self.part["forward"], name.encode()):
            at, eids = unit * self.unit, []
            while at < len(self.records):
                (other, eid, text, _), at = self.record(at)
                if other != name:
                    break
                eids.append(self.show(eid, text))
                if not several:
                    break
            if eids:
                return eids
        return []

    def of_eid(self, key, text):
        """Where the records of an EID are."""
        for target, several in self.slots(self.part["reverse"], key, text):
            places = (target,)
            if several:
                count, = struct.unpack_from("<I", self.part["postings"], 4 * target)
                places = struct.unpack_from(f"<{count}I", self.part["postings"], 4 * target + 4)
            if self.record(places[0] * self.unit)[0][1:3] == (key, text):
                return places
        return ()

    def reverse(self, eid):
        raw = self.parse(eid)
        places = {*(self.of_eid(raw, False) if raw else ()), *self.of_eid(eid.encode(), True)}
        return [self.record(place * self.unit)[0][0] for place in sorted(places)]

    def scan(self, prefix=""):
        """Entries in order, from the first name that has the prefix on."""
        steps = struct.unpack(f"<{len(self.part['order']) // 8}Q", self.part["order"])
        low, high, key = 0, len(steps), prefix.encode()
        while low < high:  # the first step whose name is not less
            middle = (low + high) // 2
            if self.record(steps[middle])[0][0].encode() < key:
                low = middle + 1
            else:
                high = middle
        at = steps[max(low - 1, 0)] if steps else 0
        while at < len(self.records):
            (name, eid, text, scope_set), at = self.record(at)
            if name.startswith(prefix):
                yield name, self.show(eid, text), self.scopes_of(scope_set)
            elif name.encode() > key:
                return

    def scopes_of(self, number):
        sets = self.part["sets"]
        members = [number]
        if number >= self.scope_count:
            first, end = struct.unpack_from("<2I", sets, 4 * (number - self.scope_count))
            members = struct.unpack_from(f"<{end - first}I", sets,
                                         4 * (self.set_count + 1 + first))
        return [self.scope(i) for i in members]

    def scope(self, i):
        scopes, texts = self.part["scopes"], 4 * (2 * self.scope_count + 1)
        a, b, c = struct.unpack_from("<3I", scopes, 8 * i)
        as_of, = struct.unpack_from("<q", self.part["state"], 8 * i)
        return scopes[texts + a:texts + b].decode(), scopes[texts + b:texts + c].decode(), as_of
