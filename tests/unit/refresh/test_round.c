#include "eidcached/refresh/round.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "eidcached/base/clock.h"
#include "tests/support/images.h"

/* A source that plays a script: one line a report. */
enum act {
    ACT_LISTED,
    ACT_FAILED,
    ACT_GONE,
    ACT_CARRY,
    ACT_NOTE,
    ACT_HANG,
    ACT_IF_DUE, /* listed, if it is due */
};

struct line {
    enum act act;
    const char *scope;
    const char *const *names;
};

struct scripted {
    struct eidc_source source;
    const struct line *lines;
    size_t count;
    bool cancelled;
};

static void play(struct scripted *s, const struct line *l, const struct eidc_source_sink *sink)
{
    struct eidc_names names = {0};
    struct eidc_err err = {0};
    struct eidc_str scope = eidc_str_of(l->scope);

    eidc_fail(&err, EIDC_ERR_UNAVAILABLE, "no answer");
    if (l->act == ACT_IF_DUE && !sink->due(sink->arg, &s->source, scope))
        return;
    switch (l->act) {
    case ACT_IF_DUE:
    case ACT_LISTED:
        test_names(&names, l->names);
        sink->scope(sink->arg, &s->source, scope, EIDC_SCOPE_LISTED, &names, NULL);
        break;
    case ACT_FAILED:
        sink->scope(sink->arg, &s->source, scope, EIDC_SCOPE_FAILED, NULL, &err);
        break;
    case ACT_GONE:
        sink->scope(sink->arg, &s->source, scope, EIDC_SCOPE_GONE, NULL, &err);
        break;
    case ACT_CARRY:
        sink->carry(sink->arg, &s->source, scope, &err);
        break;
    case ACT_NOTE:
        sink->note(sink->arg, &s->source, l->scope);
        break;
    case ACT_HANG:
        break;
    }
}

static void begin(struct eidc_source *self, const struct eidc_source_sink *sink)
{
    struct scripted *s = (struct scripted *)self;
    bool hangs = false;

    for (size_t i = 0; i < s->count; i++) {
        play(s, &s->lines[i], sink);
        hangs = hangs || s->lines[i].act == ACT_HANG;
    }
    if (!hangs)
        sink->done(sink->arg, self);
}

static void cancel(struct eidc_source *self)
{
    ((struct scripted *)self)->cancelled = true;
}

static const struct eidc_source_ops scripted_ops = {.begin = begin, .cancel = cancel};

/* A client with nothing to do; the clock is real, so a hanging source runs into the time-out. */
static bool idle_step(struct eidc_http_client *c, int64_t max_wait_ms)
{
    (void)c;
    (void)max_wait_ms;
    return true;
}

static const struct eidc_http_client_ops idle_ops = {.step = idle_step};

struct fixture {
    struct eidc_round round;
    struct eidc_build_options options;
    struct eidc_http_client http;
    atomic_bool stop;
    _Atomic int64_t heartbeat;
    struct scripted scripted;
    struct eidc_source *sources[1];
    struct eidc_image *image;
    struct eidc_err err;
    unsigned ticks, ticks_listed;
};

static void tick(void *arg, const struct eidc_round *round, bool listed)
{
    struct fixture *f = arg;

    assert_ptr_equal(round, &f->round);
    f->ticks++;
    f->ticks_listed += listed;
}

static bool run_with(struct fixture *f, int64_t scope_interval_ms,
                     const struct eidc_generation *before, const struct line *lines, size_t count)
{
    memset(f, 0, sizeof *f);
    f->options = test_build_options();
    f->http.ops = &idle_ops;
    f->scripted =
        (struct scripted){.source = {&scripted_ops, "s", "test"}, .lines = lines, .count = count};
    f->sources[0] = &f->scripted.source;
    f->round = (struct eidc_round){.sources = f->sources,
                                   .source_count = 1,
                                   .http = &f->http,
                                   .build = &f->options,
                                   .until_ms = eidc_mono_ms() + 30,
                                   .allowed_ms = 30,
                                   .until_what = "the test",
                                   .scope_interval_ms = scope_interval_ms,
                                   .before_is_served = true,
                                   .stop = &f->stop,
                                   .tick = tick,
                                   .tick_arg = f,
                                   .heartbeat = &f->heartbeat};
    return eidc_round_run(&f->round, before, 7, &f->image, &f->err);
}

static bool run(struct fixture *f, const struct eidc_generation *before, const struct line *lines,
                size_t count)
{
    return run_with(f, 0, before, lines, count);
}

static void end(struct fixture *f)
{
    eidc_round_free(&f->round);
    eidc_image_free(f->image);
}

static int64_t as_of(const struct eidc_image *image, const char *scope)
{
    struct eidc_scope s = {0};
    uint32_t i = eidc_image_find_scope(image, EIDC_STR("s"), eidc_str_of(scope));

    return eidc_image_scope(image, i, &s) ? s.as_of_ms : -1;
}

static const struct test_scope two_scopes[] = {
    {"s", "r/a", 10, NAMES("a1", "a2", "both")},
    {"s", "r/b", 20, NAMES("b1", "both")},
};

static void test_all_listed(void **state)
{
    const struct line lines[] = {{ACT_LISTED, "r/a", NAMES("x", "y")},
                                 {ACT_LISTED, "r/b", NAMES("z")}};
    struct fixture f;

    (void)state;
    assert_true(run(&f, NULL, lines, 2));
    assert_int_equal(f.round.listed, 2);
    assert_int_equal(f.round.failed, 0);
    assert_int_equal(f.round.told[0].names, 3);
    assert_int_equal(f.ticks_listed, 1);
    assert_int_equal(eidc_image_info(f.image)->names, 3);
    assert_int_equal(eidc_image_info(f.image)->number, 7);
    assert_string_equal(f.round.error, "");
    end(&f);
}

static void test_failed_scope_is_carried_with_its_age(void **state)
{
    const struct line lines[] = {{ACT_FAILED, "r/a", NULL}, {ACT_LISTED, "r/b", NAMES("b2")}};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);
    struct fixture f;

    (void)state;
    assert_true(run(&f, before, lines, 2));
    assert_true(test_has(f.image, "a1"));
    assert_true(test_has(f.image, "both")); /* r/a still lists it */
    assert_true(test_has(f.image, "b2"));
    assert_false(test_has(f.image, "b1")); /* r/b was listed and has it no more */
    assert_int_equal(as_of(f.image, "r/a"), 10);
    assert_true(as_of(f.image, "r/b") > 1000000);
    assert_int_equal(f.round.failed, 1);
    assert_string_equal(f.round.error, "source s: r/a: no answer");
    const struct eidc_scope_failures *failures = &f.round.told[0].failures;
    assert_int_equal(failures->n, 1);
    assert_string_equal(failures->at[0].scope, "r/a");
    assert_string_equal(failures->at[0].error, "no answer");
    assert_false(failures->at[0].several);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_gone_scope_is_dropped(void **state)
{
    const struct line lines[] = {{ACT_GONE, "r/a", NULL}, {ACT_LISTED, "r/b", NAMES("b1", "both")}};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);
    struct fixture f;

    (void)state;
    assert_true(run(&f, before, lines, 2));
    assert_false(test_has(f.image, "a1"));
    assert_true(test_has(f.image, "both"));
    assert_int_equal(f.round.gone, 1);
    assert_int_equal(eidc_image_info(f.image)->scopes, 1);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_scope_not_mentioned_is_dropped(void **state)
{
    const struct line lines[] = {{ACT_LISTED, "r/b", NAMES("b1")}};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);
    struct fixture f;

    (void)state;
    assert_true(run(&f, before, lines, 1));
    assert_false(test_has(f.image, "a1"));
    assert_int_equal(eidc_image_info(f.image)->names, 1);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_carry_spares_scopes_that_answered(void **state)
{
    /* whatever the order of the reports */
    const struct line before_it[] = {{ACT_LISTED, "r/b", NAMES("b2")}, {ACT_CARRY, "r/", NULL}};
    const struct line after_it[] = {{ACT_CARRY, "r/", NULL}, {ACT_LISTED, "r/b", NAMES("b2")}};
    const struct line *const orders[] = {before_it, after_it};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        assert_true(run(&f, before, orders[i], 2));
        assert_true(test_has(f.image, "a1"));
        assert_true(test_has(f.image, "b2"));
        assert_false(test_has(f.image, "b1"));
        assert_string_equal(f.round.error, "source s: r/*: no answer");
        end(&f);
    }
    eidc_generation_unpin(before);
}

static void test_nothing_confirmed_fails(void **state)
{
    const struct line lines[] = {{ACT_FAILED, "r/a", NULL}, {ACT_CARRY, "q/", NULL}};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);
    struct fixture f;

    (void)state;
    assert_false(run(&f, before, lines, 2));
    assert_null(f.image);
    assert_non_null(strstr(f.err.text, "r/a: no answer"));
    end(&f);
    eidc_generation_unpin(before);
}

static void test_hanging_source_is_cut_off(void **state)
{
    const struct line lines[] = {{ACT_LISTED, "r/b", NAMES("b2")}, {ACT_HANG, "", NULL}};
    struct eidc_generation *before = test_generation(1, two_scopes, 2);
    struct fixture f;

    (void)state;
    assert_true(run(&f, before, lines, 2));
    assert_true(f.scripted.cancelled);
    assert_true(f.ticks > 1);             /* while it waited */
    assert_true(test_has(f.image, "a1")); /* not reported: carried */
    assert_true(test_has(f.image, "b2"));
    assert_int_equal(f.round.failed, 1);
    assert_non_null(strstr(f.round.error, "0.0 s (the test)"));
    assert_int_equal(f.round.told[0].failures.n, 1);
    assert_string_equal(f.round.told[0].failures.at[0].scope, "");
    assert_true(f.round.told[0].failures.at[0].several);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_note_costs_nothing(void **state)
{
    const struct line lines[] = {{ACT_NOTE, "line 3 is not a name", NULL},
                                 {ACT_LISTED, "file", NAMES("x")}};
    struct fixture f;

    (void)state;
    assert_true(run(&f, NULL, lines, 2));
    assert_int_equal(f.round.failed, 0);
    assert_string_equal(f.round.told[0].error, "line 3 is not a name");
    assert_int_equal(f.round.told[0].failures.n, 0);
    end(&f);
}

static void test_empty_listing_is_an_answer(void **state)
{
    struct fixture f;

    (void)state;
    assert_true(run(&f, NULL, NULL, 0));
    assert_int_equal(eidc_image_info(f.image)->names, 0);
    end(&f);
}

/* --- scopes on a clock of their own ---------------------------------------------------------- */

#define YEAR ((int64_t)365 * 86400000)

/* r/a was listed just now, r/b long ago. */
static struct eidc_generation *young_and_old(void)
{
    const struct test_scope scopes[] = {{"s", "r/a", eidc_now_ms() - 5, NAMES("a1", "both")},
                                        {"s", "r/b", 20, NAMES("b1", "both")}};

    return test_generation(1, scopes, 2);
}

static const struct line if_due[] = {{ACT_IF_DUE, "r/a", NAMES("a2")},
                                     {ACT_IF_DUE, "r/b", NAMES("b2")},
                                     {ACT_IF_DUE, "r/new", NAMES("n")}};

static void test_what_is_not_due_is_kept(void **state)
{
    struct eidc_generation *before = young_and_old();
    int64_t age = atomic_load(&before->as_of[0]);
    struct fixture f;

    (void)state;
    assert_true(run_with(&f, YEAR, before, if_due, 3));
    assert_int_equal(f.round.kept, 1);
    assert_int_equal(f.round.listed, 2); /* the old one and the new one */
    assert_int_equal(f.round.failed, 0);
    assert_true(test_has(f.image, "a1"));
    assert_true(test_has(f.image, "both"));
    assert_false(test_has(f.image, "a2"));
    assert_true(test_has(f.image, "b2"));
    assert_true(test_has(f.image, "n"));
    assert_int_equal(as_of(f.image, "r/a"), age);
    assert_true(as_of(f.image, "r/b") > age - 1000);
    assert_true(eidc_round_confirmed(&f.round));
    end(&f);
    eidc_generation_unpin(before);
}

static void test_without_an_interval_all_are_due(void **state)
{
    struct eidc_generation *before = young_and_old();
    struct fixture f;

    (void)state;
    assert_true(run_with(&f, 0, before, if_due, 3));
    assert_int_equal(f.round.kept, 0);
    assert_int_equal(f.round.listed, 3);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_nothing_due_builds_nothing(void **state)
{
    struct eidc_generation *before = young_and_old();
    struct fixture f;

    (void)state;
    atomic_store(&before->as_of[1], eidc_now_ms());
    assert_true(run_with(&f, YEAR, before, if_due, 2));
    assert_null(f.image);
    assert_int_equal(f.round.kept, 2);
    assert_false(eidc_round_confirmed(&f.round));
    eidc_round_mark(&f.round, before);
    assert_false(before->unconfirmed[0]);
    assert_false(before->unconfirmed[1]);
    end(&f);
    /* a scope that its source has no more is dropped all the same */
    assert_true(run_with(&f, YEAR, before, if_due, 1));
    assert_non_null(f.image);
    assert_false(test_has(f.image, "b1"));
    assert_true(test_has(f.image, "a1"));
    end(&f);
    eidc_generation_unpin(before);
}

static void test_a_due_scope_that_fails_beside_kept_ones(void **state)
{
    const struct line lines[] = {{ACT_IF_DUE, "r/a", NAMES("a2")}, {ACT_FAILED, "r/b", NULL}};
    struct eidc_generation *before = young_and_old();
    struct fixture f;

    (void)state;
    assert_true(run_with(&f, YEAR, before, lines, 2)); /* no failure of the whole */
    assert_null(f.image);
    assert_int_equal(f.round.failed, 1);
    assert_false(eidc_round_confirmed(&f.round));
    eidc_round_mark(&f.round, before);
    assert_false(before->unconfirmed[0]);
    assert_true(before->unconfirmed[1]);
    end(&f);
    eidc_generation_unpin(before);
}

static void test_what_was_not_confirmed_is_due(void **state)
{
    struct eidc_generation *before = young_and_old();
    struct fixture f;

    (void)state;
    before->unconfirmed[0] = true; /* young as it is */
    assert_true(run_with(&f, YEAR, before, if_due, 2));
    assert_int_equal(f.round.kept, 0);
    assert_true(test_has(f.image, "a2"));
    struct eidc_generation *after = eidc_generation_new(f.image);
    f.image = NULL;
    after->unconfirmed[0] = true;
    eidc_round_mark(&f.round, after);
    assert_false(after->unconfirmed[0]);
    assert_false(after->unconfirmed[1]);
    end(&f);
    eidc_generation_unpin(after);
    eidc_generation_unpin(before);
}

static void test_held_entries_leave_their_scope_unconfirmed(void **state)
{
    struct eidc_generation *before = young_and_old();
    struct fixture f;

    (void)state;
    assert_true(run_with(&f, 0, before, if_due, 2));
    eidc_round_mark(&f.round, before); /* as the guard leaves it: the ages as they were */
    assert_true(before->unconfirmed[0]);
    assert_true(before->unconfirmed[1]);
    end(&f);
    eidc_generation_unpin(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_listed),
        cmocka_unit_test(test_failed_scope_is_carried_with_its_age),
        cmocka_unit_test(test_gone_scope_is_dropped),
        cmocka_unit_test(test_scope_not_mentioned_is_dropped),
        cmocka_unit_test(test_carry_spares_scopes_that_answered),
        cmocka_unit_test(test_nothing_confirmed_fails),
        cmocka_unit_test(test_hanging_source_is_cut_off),
        cmocka_unit_test(test_note_costs_nothing),
        cmocka_unit_test(test_empty_listing_is_an_answer),
        cmocka_unit_test(test_what_is_not_due_is_kept),
        cmocka_unit_test(test_without_an_interval_all_are_due),
        cmocka_unit_test(test_nothing_due_builds_nothing),
        cmocka_unit_test(test_a_due_scope_that_fails_beside_kept_ones),
        cmocka_unit_test(test_what_was_not_confirmed_is_due),
        cmocka_unit_test(test_held_entries_leave_their_scope_unconfirmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
