"""Names from AWS: pages, fan-out, odd names, and what every kind of failure costs (nothing)."""
import json
import time

import pytest

from harness import SECRET, eid, parse_time, poll

DATABASES = {"prod": {"type": "aws", "list": "glue.databases"}}
TABLES = {"prod": {"type": "aws", "list": "glue.tables"}}
ODD_NAMES = ['quote"s', "apostrophe's", "tab\there", "back\\slash", "slash/es", "a b?c#d&e=f+g",
             "%41 is not A", "ünïcödé", "日本語", "🦆🇪🇺", "e\u0301", "x" * 255, "<b>&amp;</b>",
             "trailing ", " leading", "{}", "nul\\u0000"]
TRANSIENT = ["throttle", "500", "503", "html502", "reset", "lostreply", "truncate", "malformed",
             "badlength", "notjson", "wrongtype", "nullname", "nolist"]


def database_names(count):
    return [f"db_{n:05d}" for n in range(count)]


def assert_found(daemon, names):
    assert daemon.batch("forward", names) == {name: eid(name) for name in names}
    assert daemon.batch("reverse", [eid(name) for name in names]) == {
        eid(name): name for name in names}


def source(status, name="prod"):
    return next(s for s in status["sources"] if s["name"] == name)


def test_250_databases_in_three_pages(lab, aws):
    aws.set(databases=250)
    daemon = lab.start(sources=DATABASES)
    assert_found(daemon, database_names(250))
    assert daemon.status_document()["generation"]["names"] == 250
    assert aws.calls() == {"GetDatabases": 3}
    asked = [call["args"] for call in aws.log("GetDatabases")]
    assert all(args["AttributesToGet"] == ["NAME"] for args in asked)
    assert all(args["MaxResults"] == 100 for args in asked)
    assert aws.seen()["refused"] == []
    metrics = daemon.metrics()
    assert metrics["eidcached_names"] == 250
    assert metrics['eidcached_source_names{source="prod"}'] == 250
    assert sum(v for k, v in metrics.items() if k.startswith("eidcached_aws_requests_total")) == 3


def test_pages_cut_small_by_the_server(lab, aws):
    aws.set(databases=250, page_size=7)
    daemon = lab.start(sources=DATABASES)
    assert_found(daemon, database_names(250))
    assert aws.calls("GetDatabases") == 36


def test_40_databases_of_130_tables_in_parallel(lab, aws):
    aws.set(databases=40, tables=130, latency_ms=20)
    daemon = lab.start(sources=TABLES, refresh={"concurrency": 8})
    assert_found(daemon, [f"db_{d:05d}.t_{t:05d}" for d in range(40) for t in range(130)])
    assert aws.calls() == {"GetDatabases": 1, "GetTables": 80}
    assert 2 <= aws.seen()["in_flight_max"] <= 9  # eight calls, and the control's own
    status = daemon.status_document()
    assert source(status)["scopes"] == 40
    assert source(status)["names"] == 5200
    assert source(status)["failed_scopes"] == 0


def test_names_of_every_kind(lab, aws):
    aws.set(databases=["odd", 'd"\tü'], tables={"odd": ODD_NAMES, 'd"\tü': ["t"]})
    daemon = lab.start(sources=TABLES)
    full = ["odd." + name for name in ODD_NAMES] + ['d"\tü.t']
    assert_found(daemon, full)
    for name in full:
        assert daemon.forward(name).json == {"name": name, "eid": eid(name)}
        assert daemon.reverse(eid(name)).json == {"eid": eid(name), "name": name}


def test_name_template_and_filters(lab, aws):
    aws.set(databases=["sales", "hr"], tables={"sales": ["orders", "tmp_x"], "hr": ["pay"]})
    one = dict(TABLES["prod"], name="{table}@{database}", include=["*@sales"], exclude=["tmp_*"])
    daemon = lab.start(sources={"prod": one})
    assert daemon.status_document()["generation"]["names"] == 1
    assert daemon.forward("orders@sales").status == 200
    assert daemon.forward("pay@hr").status == 404
    assert daemon.forward("tmp_x@sales").status == 404


def test_several_sources_and_regions(lab, aws):
    aws.set(databases=3, region="")
    lab.names(["from_a_file"])
    daemon = lab.start(sources={
        "prod": {"type": "aws", "list": "glue.databases", "regions": ["eu-west-1", "us-east-1"]},
        "file": {"type": "file", "path": lab.names_path}})
    assert_found(daemon, [*database_names(3), "from_a_file"])
    status = daemon.status_document()
    assert source(status)["scopes"] == 2
    assert status["generation"]["names"] == 4
    assert aws.calls("GetDatabases") == 2


def test_a_failing_scope_is_carried_over_and_ages_alone(lab, aws):
    aws.set(databases=4, tables=5)
    daemon = lab.start(sources=TABLES)
    time.sleep(2.1)
    aws.set(tables={f"db_{n:05d}": 6 for n in range(4)})
    aws.fault("GetTables", "accessdenied", database="db_00003", times=-1)
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "partial"
    assert status["generation"]["partial"] is True
    assert "AccessDenied" in status["refresh"]["last_error"]
    assert source(status)["failed_scopes"] == 1
    assert source(status)["scopes"] == 4
    failing = source(status)["failing_scopes"][0]
    assert failing["name"].endswith("db_00003") and "AccessDenied" in failing["error"]
    assert failing["verified_at"] == source(status)["verified_at"]
    assert daemon.metrics()['eidcached_source_failed_scopes{source="prod"}'] == 1
    assert daemon.get("/readyz").status == 200

    assert daemon.forward("db_00000.t_00005").status == 200  # the others are up to date
    assert daemon.forward("db_00003.t_00005").status == 404
    old, young = daemon.forward("db_00003.t_00000"), daemon.forward("db_00000.t_00000")
    assert int(old.header("Age")) >= 2 > int(young.header("Age"))
    assert int(daemon.forward("nothing").header("Age")) >= 2  # as good as the oldest listing
    assert daemon.forward("db_00003.t_00000", cache_control="max-age=1").status == 503
    assert daemon.forward("db_00000.t_00000", cache_control="max-age=1").status == 200
    generation = status["generation"]
    assert parse_time(generation["verified_at"]) + 2 <= parse_time(generation["refreshed_at"])

    aws.heal()
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "ok"
    assert status["generation"]["partial"] is False
    assert daemon.forward("db_00003.t_00005").status == 200
    assert int(daemon.forward("db_00003.t_00000").header("Age")) <= 1


def test_a_scope_that_never_worked_leaves_the_others(lab, aws):
    aws.set(databases=3, tables=2)
    aws.fault("GetTables", "accessdenied", database="db_00001", times=-1)
    daemon = lab.start(sources=TABLES)
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "partial"
    assert status["generation"]["names"] == 4
    aws.heal()
    assert daemon.refresh()["generation"]["names"] == 6


def test_a_failure_on_a_later_page_publishes_nothing_of_the_scope(lab, aws):
    aws.set(databases=2, tables=250)
    aws.fault("GetTables", "accessdenied", database="db_00001", page=3, times=-1)
    daemon = lab.start(sources=TABLES)
    assert daemon.status_document()["generation"]["names"] == 250
    assert daemon.forward("db_00001.t_00000").status == 404


def test_a_database_that_is_gone_drops_its_entries(lab, aws):
    aws.set(databases=3, tables=5)
    daemon = lab.start(sources=TABLES)
    aws.set(gone=["db_00001"])
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "ok"
    assert status["generation"]["names"] == 10
    assert daemon.forward("db_00001.t_00000").status == 404
    aws.set(databases=["db_00000"], gone=[])
    assert daemon.refresh()["generation"]["names"] == 5


@pytest.mark.parametrize("when", ["GetDatabases", "GetTables"])
def test_a_source_that_fails_as_a_whole_is_carried_over(lab, aws, when):
    aws.set(databases=3, tables=5)
    daemon = lab.start(sources=TABLES)
    before = daemon.status_document()["generation"]
    aws.fault(when, "accessdenied", times=-1)
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "failed"
    assert status["refresh"]["state"] == "backing_off"
    assert "AccessDenied" in status["refresh"]["last_error"]
    assert status["generation"]["number"] == before["number"]
    assert_found(daemon, [f"db_{d:05d}.t_{t:05d}" for d in range(3) for t in range(5)])
    aws.heal()
    poll("recovery by itself", lambda: daemon.last_result() == "ok")


@pytest.mark.parametrize("do", TRANSIENT)
def test_a_passing_fault_costs_nothing(lab, aws, do):
    aws.set(databases=250)
    aws.fault("GetDatabases", do, page=2)
    daemon = lab.start(sources=DATABASES)
    assert_found(daemon, database_names(250))
    assert daemon.wait_rounds(1)["refresh"]["last_result"] == "ok"
    assert len(daemon.history()) == 1  # tried again within the listing, not by a second refresh
    assert aws.calls("GetDatabases") == 4
    if do not in ("reset", "lostreply"):  # those the transport may repeat by itself
        retries = [v for k, v in daemon.metrics().items() if "aws_retries_total" in k]
        assert sum(retries) == 1


def test_a_server_that_hangs_is_given_up(lab, aws):
    aws.set(databases=250)
    aws.fault("GetDatabases", "hang", page=2)
    daemon = lab.start(sources=DATABASES, aws={"timeout": "1s"})
    assert_found(daemon, database_names(250))


def test_a_listing_that_runs_out_of_time_is_told_of_once(lab, aws):
    aws.set(databases=5000, tables=1, latency_ms=50)
    done = lab.once(sources=TABLES, refresh={"timeout": "4s"})
    assert done.returncode == 3
    warned = [line for line in done.stderr.splitlines() if " warn  source " in line]
    assert len(warned) == 1 and "not listed within 4.0 s (refresh.timeout)" in warned[0], warned[:5]


def test_throttling_that_lasts_fails_the_scope(lab, aws):
    aws.set(databases=250)
    aws.fault("GetDatabases", "throttle", page=2, times=-1)
    daemon = lab.start(wait="listening", sources=DATABASES, aws={"max_attempts": 2})
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert "ThrottlingException" in status["refresh"]["last_error"]
    aws.heal()
    daemon.wait_ready()
    assert_found(daemon, database_names(250))


@pytest.mark.parametrize("do", ["truncate", "malformed", "notjson", "wrongtype", "nullname",
                                "nolist"])
def test_a_page_that_stays_damaged_is_never_half_taken(lab, aws, do):
    aws.set(databases=250)
    daemon = lab.start(sources=DATABASES, aws={"max_attempts": 2})
    aws.fault("GetDatabases", do, page=2, times=-1)
    status = daemon.refresh()
    assert status["refresh"]["last_result"] == "failed"
    assert status["refresh"]["last_error"]
    assert_found(daemon, database_names(250))


def test_a_token_that_repeats_ends_the_listing_with_an_error(lab, aws):
    aws.set(databases=250)
    aws.fault("GetDatabases", "loop", page=2, times=-1)
    daemon = lab.start(wait="listening", sources=DATABASES)
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert "NextToken came twice" in status["refresh"]["last_error"]
    assert daemon.forward("db_00000").status == 503
    assert aws.calls("GetDatabases") < 10


def test_an_empty_page_with_a_token_is_not_the_end(lab, aws):
    aws.set(databases=250)
    aws.fault("GetDatabases", "emptypage", page=2)
    daemon = lab.start(sources=DATABASES)
    assert_found(daemon, database_names(250))
    assert aws.calls("GetDatabases") == 4


@pytest.mark.parametrize("do", ["emptytoken", "nulltoken"])
def test_an_empty_or_null_token_is_the_end(lab, aws, do):
    aws.set(databases=250)
    aws.fault("GetDatabases", do, page=2)
    daemon = lab.start(sources=DATABASES)
    assert daemon.status_document()["generation"]["names"] == 200
    assert aws.calls("GetDatabases") == 2


def test_a_glue_that_does_not_know_attributes_to_get(lab, aws):
    aws.set(databases=3, tables=130, reject_attributes=True)
    daemon = lab.start(sources=TABLES)
    assert daemon.status_document()["generation"]["names"] == 390


def test_nothing_to_list_is_an_answer(lab, aws):
    daemon = lab.start(sources=DATABASES)
    assert daemon.status_document()["generation"]["names"] == 0
    assert daemon.forward("x").status == 404


def test_limits_fail_the_scope_and_say_so(lab, aws):
    aws.set(databases=250)
    daemon = lab.start(wait="listening", sources=DATABASES, refresh={"max_names": 200})
    error = daemon.wait_rounds(1)["refresh"]["last_error"]
    assert "max_names" in error and "200" in error
    daemon = lab.start(wait="listening", sources=DATABASES, refresh={"max_response": "1K"})
    assert "max_response" in daemon.wait_rounds(1)["refresh"]["last_error"]


def test_a_clock_that_is_off_is_corrected_from_the_answer(lab, aws):
    aws.set(databases=3, clock_offset_s=900)
    daemon = lab.start(sources=DATABASES)
    assert_found(daemon, database_names(3))


@pytest.mark.parametrize("env,message", [
    ({"AWS_SECRET_ACCESS_KEY": "not the secret"}, "InvalidSignatureException"),
    ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}, "UnrecognizedClientException"),
    ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "credentials"),
    ({"AWS_PROFILE": "nobody", "AWS_ACCESS_KEY_ID": None}, "nobody"),
])
def test_credentials_that_do_not_work(lab, aws, env, message):
    aws.set(databases=3)
    daemon = lab.start(wait="listening", sources=DATABASES, env=env)
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert message in status["refresh"]["last_error"]
    assert daemon.get("/readyz").status == 503
    answer = daemon.forward("db_00000")
    assert answer.status == 503
    assert int(answer.header("Retry-After")) >= 1
    assert "not the secret" not in daemon.log()


def test_expired_credentials_are_said(lab, aws):
    aws.set(databases=3)
    aws.fault("GetDatabases", "expired", times=-1)
    daemon = lab.start(wait="listening", sources=DATABASES)
    assert "Expired" in daemon.wait_rounds(1)["refresh"]["last_error"]


def test_no_region_says_where_to_set_one(lab, aws):
    done = lab.once(sources=DATABASES, aws={"region": None})
    assert done.returncode == 1
    assert "region" in done.stderr and "AWS_REGION" in done.stderr


def test_an_endpoint_that_is_not_there(lab, aws):
    daemon = lab.start(wait="listening", sources=DATABASES,
                       aws={"endpoint_url": "http://127.0.0.1:9", "max_attempts": 1})
    status = daemon.wait_rounds(1)
    assert status["refresh"]["last_result"] == "failed"
    assert "127.0.0.1" in status["refresh"]["last_error"]


def test_endpoint_from_the_environment(lab, aws):
    aws.set(databases=3)
    daemon = lab.start(sources=DATABASES, aws={"endpoint_url": None},
                       env={"AWS_ENDPOINT_URL_GLUE": aws.url})
    assert_found(daemon, database_names(3))


def test_credentials_from_a_shared_file(lab, aws):
    aws.set(databases=3)
    with open(lab.path + "/credentials", "w", encoding="utf-8") as file:
        file.write(f"[work]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {SECRET}\n")
    daemon = lab.start(sources=DATABASES, aws={"profile": "work"}, env={
        "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
        "AWS_SHARED_CREDENTIALS_FILE": lab.path + "/credentials"})
    assert_found(daemon, database_names(3))


def test_credentials_from_the_container_endpoint(lab, aws):
    aws.set(databases=3, container_token="Bearer of a token")
    with open(lab.path + "/token", "w", encoding="utf-8") as file:
        file.write("Bearer of a token\n")
    daemon = lab.start(sources=DATABASES, env={
        "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/ecs/creds",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": lab.path + "/token"})
    assert_found(daemon, database_names(3))
    assert aws.calls("container") == 1
    daemon.refresh()
    assert aws.calls("container") == 1  # kept until they expire


def test_credentials_from_imds(lab, aws):
    aws.set(databases=3)
    daemon = lab.start(sources=DATABASES, env={
        "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
        "AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url})
    assert_found(daemon, database_names(3))
    assert aws.calls("IMDS.token") == 1


def test_the_region_of_the_instance_is_the_last_resort(lab, aws):
    aws.set(databases=3)
    on_ec2 = {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url}
    sources = dict(DATABASES, more={"type": "aws", "list": "glue.databases"})
    config = lab.write_config(lab.config(sources=sources, aws={"region": None}))
    assert lab.run("--check-config", "--config", config, env=on_ec2).returncode == 0
    assert aws.seen()["calls"] == {}, "a check asks nobody"
    daemon = lab.start(sources=sources, aws={"region": None}, env=on_ec2)
    assert_found(daemon, database_names(3))
    assert aws.calls("IMDS.get") == 1, "asked once for all sources"
    assert "region eu-west-1, this instance's" in daemon.log()


def test_temporary_credentials_that_expire_are_replaced(lab, aws):
    aws.set(databases=3, creds_ttl=2)
    daemon = lab.start(sources=DATABASES, env={
        "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.url + "/ecs/creds"})
    time.sleep(2.2)
    assert daemon.refresh()["refresh"]["last_result"] == "ok"
    assert aws.calls("container") >= 2


def test_the_status_document_is_whole(lab, aws):
    aws.set(databases=3)
    status = lab.start(sources=DATABASES).wait_rounds(1)
    assert status["service"] == "eidcached"
    assert set(status["generation"]) >= {"number", "id", "created_at", "refreshed_at",
                                         "verified_at", "age_seconds", "names", "bytes", "partial"}
    assert set(status["refresh"]) >= {"state", "last_result", "last_error",
                                      "last_duration_seconds", "next_at", "history"}
    assert set(source(status)) >= {"name", "type", "scopes", "failed_scopes", "names",
                                   "verified_at", "error"}
    assert set(status["guard"]) >= {"held", "removals"}
    assert set(status["stores"][0]) >= {"url", "role", "last_saved_at", "error"}
    assert set(status["lookups"]) >= {"forward", "reverse", "misses"}
    assert json.dumps(status).find(SECRET) < 0
