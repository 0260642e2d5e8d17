#!/usr/bin/python3
"""Writes tests/unit/aws/limiter_golden.tsv: what the SDKs' adaptive mode makes of answers.

    /usr/bin/python3 tests/support/make_limiter_golden.py > tests/unit/aws/limiter_golden.tsv

The judge is botocore's own retries/adaptive.py (Debian's python3-botocore), driven by a clock of
ours. A line is an event and the state after it: microseconds, send, ok or throttle, then 1 or 0
(limited or not), the fill rate, the measured rate, the tokens, and for a send 0 (it goes) or the
microseconds to wait. The output is the same on every run.
"""
import random

from botocore.exceptions import CapacityNotAvailableError
from botocore.retries import adaptive, bucket, throttling


class Clock:
    def __init__(self, us):
        self.us = us

    def current_time(self):
        return self.us / 1e6


class Detector:
    def is_throttling_error(self, throttled):
        return throttled


class Judge:
    def __init__(self, us):
        self.clock = Clock(us)
        self.tokens = bucket.TokenBucket(max_rate=1, clock=self.clock)
        self.rate = adaptive.RateClocker(self.clock)
        self.limiter = adaptive.ClientRateLimiter(
            throttling.CubicCalculator(starting_max_rate=0, start_time=self.clock.current_time()),
            self.rate, self.tokens, Detector(), self.clock)

    def show(self, event, wait=0):
        state = (self.tokens.max_rate, self.rate.measured_rate, self.tokens.available_capacity)
        print(self.clock.us, event, int(self.limiter._enabled), *(f"{v:.12g}" for v in state), wait,
              sep="\t")

    def send(self):
        wait = 0
        if self.limiter._enabled:
            try:
                self.tokens.acquire(block=False)
            except CapacityNotAvailableError:
                wait = f"{self.tokens._sleep_amount(1) * 1e6:.12g}"
        self.show("send", wait)
        return wait == 0

    def answer(self, throttled):
        self.limiter.on_receiving_response(throttled=throttled)
        self.show("throttle" if throttled else "ok")


def scenario(name, start_us, steps, chance, gap_us, seed):
    """Sends at random times; each answer comes with the send; throttled by chance(i, judge)."""
    print("#", name, start_us, sep="\t")
    rng = random.Random(seed)
    judge = Judge(start_us)
    for step in range(steps):
        judge.clock.us += rng.randrange(*gap_us)
        if judge.send():
            judge.clock.us += rng.randrange(1000, 50000)
            judge.answer(rng.random() < chance(step))


def main():
    print("# see tests/support/make_limiter_golden.py; a line with a name starts a limiter")
    scenario("never throttled", 1_000_000_000, 40, lambda i: 0, (1, 100_000), 1)
    scenario("at once", 1_700_000_000_123_456, 90, lambda i: i == 0, (1, 200_000), 2)
    scenario("once, late", 5_300_000, 120, lambda i: i == 50, (1, 60_000), 3)
    scenario("now and then", 77, 150, lambda i: 0.1, (1, 150_000), 4)
    scenario("half of the time", 1_000_499_999, 120, lambda i: 0.5, (1, 250_000), 5)
    scenario("always, to the floor", 1_234_567_890, 60, lambda i: 1, (1, 500_000), 6)
    scenario("fast", 9_000_000_000, 150, lambda i: 0.02, (1, 4_000), 7)
    scenario("idle between", 3_000_000, 70, lambda i: 0.15, (1, 8_000_000), 8)


main()
