#include "eidcached/http/negotiate.h"

#include <strings.h>

static bool same(struct eidc_str s, const char *word)
{
    return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Cuts the next piece off *rest at `separator` outside of quotes; trimmed. False at the end. */
static bool next_piece(struct eidc_str *rest, char separator, struct eidc_str *piece)
{
    if (rest->n == 0)
        return false;
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->n && (quoted || rest->p[i] != separator); i++) {
        if (rest->p[i] == '"')
            quoted = !quoted;
        else if (quoted && rest->p[i] == '\\' && i + 1 < rest->n)
            i++;
    }
    *piece = eidc_str_trim((struct eidc_str){rest->p, i});
    size_t used = i < rest->n ? i + 1 : i;
    *rest = (struct eidc_str){rest->p + used, rest->n - used};
    return true;
}

/* NAME=VALUE; the value without its quotes. */
static bool split_parameter(struct eidc_str piece, struct eidc_str *name, struct eidc_str *value)
{
    const char *equals = piece.n > 0 ? memchr(piece.p, '=', piece.n) : NULL;
    if (equals == NULL)
        return false;
    size_t at = (size_t)(equals - piece.p);
    *name = eidc_str_trim((struct eidc_str){piece.p, at});
    *value = eidc_str_trim((struct eidc_str){equals + 1, piece.n - at - 1});
    if (value->n >= 2 && value->p[0] == '"' && value->p[value->n - 1] == '"')
        *value = (struct eidc_str){value->p + 1, value->n - 2};
    return true;
}

/* A q-value in thousandths (RFC 9110 section 12.4.2); what is not one counts as 0. */
static unsigned thousandths(struct eidc_str q)
{
    if (q.n == 0 || q.n > 5 || (q.p[0] != '0' && q.p[0] != '1') || (q.n > 1 && q.p[1] != '.'))
        return 0;
    unsigned value = q.p[0] == '1' ? 1000 : 0, place = 100;
    for (size_t i = 2; i < q.n; i++, place /= 10) {
        if (q.p[i] < '0' || q.p[i] > '9')
            return 0;
        value += (unsigned)(q.p[i] - '0') * place;
    }
    return value > 1000 ? 0 : value;
}

struct preference {
    unsigned q, specificity; /* 1: any, 2: the type, 3: exactly it */
};

static void prefer(struct preference *p, unsigned specificity, unsigned q)
{
    if (specificity > p->specificity || (specificity == p->specificity && q > p->q))
        *p = (struct preference){.q = q, .specificity = specificity};
}

enum offer { OFFER_JSON, OFFER_TEXT, OFFER_HTML, OFFERS };
static const struct {
    const char *all_of_type, *exactly;
} offers[OFFERS] = {
    [OFFER_JSON] = {"application/*", "application/json"},
    [OFFER_TEXT] = {"text/*", "text/plain"},
    [OFFER_HTML] = {"text/*", "text/html"},
};

/* The weight among the parameters behind what is weighed. */
static unsigned weight_of(struct eidc_str parameters)
{
    struct eidc_str parameter, name, value;
    unsigned q = 1000;
    while (next_piece(&parameters, ';', &parameter)) {
        if (split_parameter(parameter, &name, &value) && same(name, "q"))
            q = thousandths(value);
    }
    return q;
}

static void read_range(struct eidc_str range, struct preference p[static OFFERS])
{
    struct eidc_str type;
    if (!next_piece(&range, ';', &type))
        return;
    const unsigned q = weight_of(range);
    for (size_t i = 0; i < OFFERS; i++) {
        if (same(type, "*/*"))
            prefer(&p[i], 1, q);
        else if (same(type, offers[i].all_of_type))
            prefer(&p[i], 2, q);
        else if (same(type, offers[i].exactly))
            prefer(&p[i], 3, q);
    }
}

static void read_accept(struct eidc_str accept, struct preference p[static OFFERS])
{
    struct eidc_str range;
    while (next_piece(&accept, ',', &range))
        read_range(range, p);
}

enum eidc_media eidc_accept(struct eidc_str accept, enum eidc_media otherwise)
{
    struct preference p[OFFERS] = {0};
    read_accept(accept, p);
    if (p[OFFER_JSON].q == p[OFFER_TEXT].q)
        return otherwise;
    return p[OFFER_JSON].q > p[OFFER_TEXT].q ? EIDC_MEDIA_JSON : EIDC_MEDIA_TEXT;
}

bool eidc_prefers_html(struct eidc_str accept)
{
    struct preference p[OFFERS] = {0};
    read_accept(accept, p);
    return p[OFFER_HTML].q > p[OFFER_TEXT].q;
}

bool eidc_accepts_gzip(struct eidc_str accept_encoding)
{
    struct preference gzip = {0};
    struct eidc_str one, coding;
    while (next_piece(&accept_encoding, ',', &one)) {
        if (!next_piece(&one, ';', &coding))
            continue;
        if (same(coding, "gzip") || same(coding, "x-gzip"))
            prefer(&gzip, 2, weight_of(one));
        else if (same(coding, "*"))
            prefer(&gzip, 1, weight_of(one));
    }
    return gzip.q > 0;
}

enum eidc_media eidc_content_media(struct eidc_str content_type)
{
    struct eidc_str type, parameter, name, value;
    if (content_type.p == NULL || !next_piece(&content_type, ';', &type))
        return EIDC_MEDIA_OTHER;
    while (next_piece(&content_type, ';', &parameter)) {
        if (split_parameter(parameter, &name, &value) && same(name, "charset") &&
            !same(value, "utf-8") && !same(value, "utf8") && !same(value, "us-ascii"))
            return EIDC_MEDIA_OTHER;
    }
    if (same(type, "application/json"))
        return EIDC_MEDIA_JSON;
    return same(type, "text/plain") ? EIDC_MEDIA_TEXT : EIDC_MEDIA_OTHER;
}

bool eidc_none_match(struct eidc_str if_none_match, struct eidc_str etag)
{
    struct eidc_str tag;
    if (if_none_match.p == NULL || etag.n == 0)
        return false;
    while (next_piece(&if_none_match, ',', &tag)) {
        if (eidc_str_eq(tag, EIDC_STR("*")))
            return true;
        if (eidc_str_starts(tag, EIDC_STR("W/")))
            tag = (struct eidc_str){tag.p + 2, tag.n - 2};
        if (eidc_str_eq(tag, etag))
            return true;
    }
    return false;
}

bool eidc_max_age(struct eidc_str cache_control, uint64_t *seconds)
{
    struct eidc_str directive, name, value;
    uint64_t given, least = UINT64_MAX;
    bool found = false;
    while (next_piece(&cache_control, ',', &directive)) {
        if (!split_parameter(directive, &name, &value) || !same(name, "max-age") ||
            !eidc_str_u64(value, UINT64_MAX, &given))
            continue;
        found = true;
        least = given < least ? given : least;
    }
    if (found)
        *seconds = least;
    return found;
}
