"""Requests that are wrong in every way: each gets its answer, and the next request is served."""
from concurrent.futures import ThreadPoolExecutor

import pytest

import malformed
from harness import eid

NAMES = ["sales", "orders"]
CASES = malformed.read_table()
AT_ONCE = 16
PROBLEM = "application/problem+json"
OF_THE_LIBRARY = {400, 413, 414, 431, 500, 505}  # as README.md has it: a page in HTML


@pytest.fixture(name="daemon")
def _daemon(lab):
    lab.names(NAMES)
    return lab.start(http={"idle_timeout": "1s"})  # a request that never ends is closed then


def test_the_table_is_long_enough():
    assert len(CASES) >= 300
    assert len({request for _, _, _, request in CASES}) == len(CASES)


def check_media(answers):
    for status, media in answers:
        ours = status < 400 or media == PROBLEM
        assert ours or (media in (None, "text/html") and status in OF_THE_LIBRARY), (status, media)


def test_each_case_gets_its_answer(daemon):
    def run(case):
        line, expected, text, request = case
        answers = malformed.exchange(daemon.where, request)
        check_media(answers)
        got = malformed.told(answers)
        after = daemon.forward("sales")
        assert after.status == 200 and after.json["eid"] == eid("sales"), text
        return None if got in expected.split("|") else f"line {line}: {got}, expected {expected}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        wrong = [said for said in pool.map(run, CASES) if said]
    assert not wrong, "\n".join(wrong)
    daemon.stop()  # a sanitizer's report would be found here


def test_all_of_them_leave_no_connection_behind(daemon):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda case: malformed.exchange(daemon.where, case[3]), CASES[::7]))
    with daemon.session() as kept:
        text = kept.request("GET", "/metrics").text
    assert "\neidcached_http_connections 1\n" in text
