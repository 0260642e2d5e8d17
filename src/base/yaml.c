/*
 * Walks libyaml's events by recursive descent, at most YAML_DEPTH_MAX deep. Paths are unique in a
 * document without duplicate keys, so that a key seen twice is a path seen twice.
 */
#include "eidcached/base/yaml.h"

#include <search.h>
#include <yaml.h>

#include "eidcached/base/mem.h"

#define YAML_DEPTH_MAX 16

struct seen_key {
    char *path;
    unsigned line;
};

struct walk {
    struct eidc_str text;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; owned */
    struct eidc_yaml *out;
    size_t capacity;
    void *keys; /* a tree of struct seen_key, by path */
    struct eidc_err *err;
};

/* Where a value hangs: its path, its key's place, and that of its mapping's key. */
struct place {
    const char *path;
    unsigned key_line, key_column, parent_line, parent_column, depth;
    int index;
};

static bool fail_at(struct walk *w, yaml_mark_t mark, const char *what)
{
    return eidc_fail(w->err, EIDC_ERR_INVALID, "line %zu, column %zu: %s", mark.line + 1,
                     mark.column + 1, what);
}

/* The byte at a mark, whose column counts characters; 0 behind the end. */
static char byte_at(struct eidc_str text, yaml_mark_t mark)
{
    size_t at = 0;
    for (size_t line = 0; line < mark.line && at < text.n; at++)
        line += text.p[at] == '\n';
    for (size_t column = 0; column < mark.column && at < text.n; column++) {
        at++;
        while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
            at++;
    }
    return at < text.n ? text.p[at] : '\0';
}

/* libyaml tells what it was about to do ("while parsing a block mapping") and what went wrong. */
static bool fail_parser(struct walk *w)
{
    const yaml_parser_t *p = &w->parser;
    if (p->error == YAML_READER_ERROR)
        return eidc_fail(w->err, EIDC_ERR_INVALID, "line %zu, column %zu: %s at byte %zu",
                         p->mark.line + 1, p->mark.column + 1, p->problem, p->problem_offset);
    if (byte_at(w->text, p->problem_mark) == '\t')
        return fail_at(w, p->problem_mark, "a tab: YAML is indented with spaces");
    char *what EIDC_AUTO_FREE =
        eidc_xprintf("%s%s%s", p->problem != NULL ? p->problem : "out of memory",
                     p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
    return fail_at(w, p->problem_mark, what);
}

/* Moves on to the next event. */
static bool advance(struct walk *w)
{
    yaml_event_delete(&w->event);
    if (!yaml_parser_parse(&w->parser, &w->event))
        return fail_parser(w);
    return true;
}

/* What no document of ours may hold, whatever the place. */
static bool check_node(struct walk *w)
{
    const yaml_event_t *e = &w->event;
    bool anchored = (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor != NULL) ||
                    (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor != NULL) ||
                    (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor != NULL);
    bool tagged = (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag != NULL) ||
                  (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag != NULL) ||
                  (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag != NULL);
    if (anchored || e->type == YAML_ALIAS_EVENT)
        return fail_at(w, e->start_mark, "anchors and aliases are not supported");
    if (tagged)
        return fail_at(w, e->start_mark, "tags are not supported");
    if (e->type == YAML_SCALAR_EVENT &&
        memchr(e->data.scalar.value, 0, e->data.scalar.length) != NULL)
        return fail_at(w, e->start_mark, "the value holds a NUL character");
    return true;
}

static bool is_null(const yaml_event_t *e)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (strcmp((const char *)e->data.scalar.value, nulls[i]) == 0)
            return true;
    return false;
}

/* A new item for the current event. */
static struct eidc_yaml_item *add_item(struct walk *w, const struct place *place)
{
    if (w->out->count == w->capacity) {
        w->capacity = w->capacity * 2 + 16;
        w->out->items = eidc_xrealloc(w->out->items, w->capacity, sizeof *w->out->items);
    }
    struct eidc_yaml_item *item = &w->out->items[w->out->count++];
    *item = (struct eidc_yaml_item){
        .path = eidc_xstrdup(place->path),
        .index = place->index,
        .line = (unsigned)w->event.start_mark.line + 1,
        .column = (unsigned)w->event.start_mark.column + 1,
        .key_line = place->key_line,
        .key_column = place->key_column,
        .parent_line = place->parent_line,
        .parent_column = place->parent_column,
    };
    return item;
}

static void add_scalar(struct walk *w, const struct place *place)
{
    struct eidc_yaml_item *item = add_item(w, place);
    if (!is_null(&w->event))
        item->value = eidc_xstrdup((const char *)w->event.data.scalar.value);
}

static bool walk_sequence(struct walk *w, struct place *place)
{
    yaml_mark_t start = w->event.start_mark;
    for (place->index = 0;; place->index++) {
        if (!advance(w) || !check_node(w))
            return false;
        if (w->event.type == YAML_SEQUENCE_END_EVENT)
            break;
        if (w->event.type != YAML_SCALAR_EVENT)
            return fail_at(w, w->event.start_mark, "a list may hold only single values");
        add_scalar(w, place);
    }
    if (place->index > 0)
        return true;
    w->event.start_mark = start;
    place->index = -1;
    add_item(w, place)->empty_sequence = true;
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct seen_key *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static void free_key(void *key)
{
    struct seen_key *seen = key;
    free(seen->path);
    free(seen);
}

/* Takes ownership of path. */
static bool remember_key(struct walk *w, char *path)
{
    struct seen_key *key = eidc_xcalloc(1, sizeof *key);
    *key = (struct seen_key){path, (unsigned)w->event.start_mark.line + 1};
    struct seen_key *const *seen = tsearch(key, &w->keys, by_path);
    if (seen != NULL && *seen == key)
        return true;
    char *what EIDC_AUTO_FREE =
        seen != NULL ? eidc_xprintf("%s: given twice, first in line %u", path, (*seen)->line)
                     : eidc_xstrdup("out of memory");
    free_key(key);
    return fail_at(w, w->event.start_mark, what);
}

/* The current event is a key: makes the place of its value. */
static bool take_key(struct walk *w, const struct place *parent, struct place *out)
{
    const yaml_event_t *e = &w->event;
    if (e->type != YAML_SCALAR_EVENT)
        return fail_at(w, e->start_mark, "a key must be a single word");
    const char *key = (const char *)e->data.scalar.value;
    if (*key == 0 || is_null(e))
        return fail_at(w, e->start_mark, "a key must not be empty");
    if (strchr(key, '.') != NULL)
        return fail_at(w, e->start_mark, "a key must not hold a '.'");
    char *path = *parent->path != 0 ? eidc_xprintf("%s.%s", parent->path, key) : eidc_xstrdup(key);
    if (!remember_key(w, path))
        return false;
    *out = (struct place){
        .path = path,
        .key_line = (unsigned)e->start_mark.line + 1,
        .key_column = (unsigned)e->start_mark.column + 1,
        .parent_line = parent->key_line,
        .parent_column = parent->key_column,
        .depth = parent->depth + 1,
        .index = -1,
    };
    return true;
}

static bool walk_value(struct walk *w, struct place *place);

static bool walk_mapping(struct walk *w, const struct place *place)
{
    yaml_mark_t start = w->event.start_mark;
    if (place->depth >= YAML_DEPTH_MAX)
        return fail_at(w, start, "nested too deep");
    for (size_t n = 0;; n++) {
        if (!advance(w) || !check_node(w))
            return false;
        if (w->event.type == YAML_MAPPING_END_EVENT) {
            w->event.start_mark = start;
            if (n == 0 && *place->path != 0)
                add_item(w, place)->empty_mapping = true;
            return true;
        }
        struct place below;
        if (!take_key(w, place, &below) || !advance(w) || !check_node(w) || !walk_value(w, &below))
            return false;
    }
}

/* The current event starts a value; on return it is the value's last. */
static bool walk_value(struct walk *w, struct place *place)
{
    if (w->event.type == YAML_MAPPING_START_EVENT)
        return walk_mapping(w, place);
    if (w->event.type == YAML_SEQUENCE_START_EVENT)
        return walk_sequence(w, place);
    add_scalar(w, place);
    return true;
}

static bool walk_document(struct walk *w)
{
    struct place root = {.path = "", .index = -1};
    if (!advance(w) || !check_node(w))
        return false;
    if (w->event.type == YAML_MAPPING_START_EVENT) {
        if (!walk_mapping(w, &root))
            return false;
    } else if (w->event.type != YAML_SCALAR_EVENT || !is_null(&w->event)) {
        return fail_at(w, w->event.start_mark, "expected \"key: value\" lines");
    }
    if (!advance(w) || !advance(w)) /* the document's end, and what follows it */
        return false;
    if (w->event.type != YAML_STREAM_END_EVENT)
        return fail_at(w, w->event.start_mark, "more than one document");
    return true;
}

static bool walk_stream(struct walk *w)
{
    if (!advance(w) || !advance(w)) /* the stream's start, and the document's or the end */
        return false;
    return w->event.type == YAML_STREAM_END_EVENT || walk_document(w);
}

bool eidc_yaml_parse(struct eidc_str text, struct eidc_yaml *out, struct eidc_err *err)
{
    struct eidc_yaml result = {0};
    struct walk w = {.text = text, .out = &result, .err = err};
    if (!yaml_parser_initialize(&w.parser))
        return eidc_fail(err, EIDC_ERR_NOMEM, "out of memory");
    yaml_parser_set_input_string(&w.parser, (const unsigned char *)(text.n > 0 ? text.p : ""),
                                 text.n);
    yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING);
    bool ok = walk_stream(&w);
    yaml_event_delete(&w.event);
    yaml_parser_delete(&w.parser);
    tdestroy(w.keys, free_key);
    if (ok)
        *out = result;
    else
        eidc_yaml_free(&result);
    return ok;
}

void eidc_yaml_free(struct eidc_yaml *yaml)
{
    for (size_t i = 0; i < yaml->count; i++) {
        free(yaml->items[i].path);
        free(yaml->items[i].value);
    }
    free(yaml->items);
    *yaml = (struct eidc_yaml){0};
}
