#include "eidcached/aws/xml.h"

#include <expat.h>

#define DEPTH_MAX      32
#define PATH_MAX_BYTES 1024

struct walk {
    XML_Parser parser;
    eidc_xml_element *element;
    void *arg;
    struct eidc_err *err;
    bool stopped;
    unsigned depth;
    bool has_child[DEPTH_MAX + 1];
    struct eidc_buf path; /* "ListBucketResult/Contents" */
    struct eidc_buf text; /* of the innermost open element */
};

static void stop(struct walk *w)
{
    w->stopped = true;
    XML_StopParser(w->parser, XML_FALSE);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct walk *w = arg;
    (void)attributes;
    if (w->stopped)
        return;
    if (w->depth == DEPTH_MAX) {
        eidc_fail(w->err, EIDC_ERR_CORRUPT, "XML nested deeper than %d", DEPTH_MAX);
        stop(w);
        return;
    }
    w->has_child[w->depth] = true;
    w->has_child[++w->depth] = false;
    if (w->path.n)
        eidc_buf_add_byte(&w->path, '/');
    if (!eidc_buf_add_z(&w->path, name)) {
        eidc_fail(w->err, EIDC_ERR_CORRUPT, "XML element names are too long");
        stop(w);
        return;
    }
    eidc_buf_clear(&w->text);
}

static void leave(struct walk *w, const char *name)
{
    size_t tail = strlen(name) + (w->path.n > strlen(name) ? 1 : 0);
    w->path.n -= tail;
    w->path.p[w->path.n] = 0;
    w->depth--;
    eidc_buf_clear(&w->text);
}

/* Text counts only in an element without children: in the others it is indentation. */
static void on_end(void *arg, const char *name)
{
    struct walk *w = arg;
    if (w->stopped)
        return;
    struct eidc_str text = eidc_buf_view(&w->text);
    if (w->has_child[w->depth])
        text.n = 0;
    if (!w->element(w->arg, w->path.p, text, w->err)) {
        stop(w);
        return;
    }
    leave(w, name);
}

static void on_text(void *arg, const char *p, int n)
{
    struct walk *w = arg;
    if (w->stopped || eidc_buf_add(&w->text, p, (size_t)n))
        return;
    eidc_fail(w->err, EIDC_ERR_NOMEM, "XML: out of memory");
    stop(w);
}

static void on_doctype(void *arg, const char *name, const char *system_id, const char *public_id,
                       int has_internal_subset)
{
    struct walk *w = arg;
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    eidc_fail(w->err, EIDC_ERR_CORRUPT, "XML with a document type is refused");
    stop(w);
}

static long long place(XML_Parser parser)
{
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
    return XML_GetCurrentByteIndex64(parser);
#else
    return XML_GetCurrentByteIndex(parser);
#endif
}

static bool run(struct walk *w, struct eidc_str document)
{
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, on_start, on_end);
    XML_SetCharacterDataHandler(w->parser, on_text);
    XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
    if (XML_Parse(w->parser, document.p, (int)document.n, XML_TRUE) != XML_STATUS_ERROR)
        return true;
    if (w->stopped)
        return false; /* whoever stopped has set the error */
    return eidc_fail(w->err, EIDC_ERR_CORRUPT, "not XML: %s at byte %lld",
                     XML_ErrorString(XML_GetErrorCode(w->parser)), place(w->parser));
}

bool eidc_xml_parse(struct eidc_str document, eidc_xml_element *element, void *arg,
                    struct eidc_err *err)
{
    if (document.n > INT32_MAX)
        return eidc_fail(err, EIDC_ERR_LIMIT, "XML of %zu bytes is too long", document.n);
    struct walk w = {.element = element, .arg = arg, .err = err, .path.limit = PATH_MAX_BYTES};
    w.parser = XML_ParserCreate(NULL);
    if (!w.parser)
        return eidc_fail(err, EIDC_ERR_NOMEM, "XML: out of memory");
    bool ok = run(&w, document);
    XML_ParserFree(w.parser);
    eidc_buf_free(&w.path);
    eidc_buf_wipe(&w.text); /* it may have been a key */
    return ok;
}
