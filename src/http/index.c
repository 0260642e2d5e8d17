#include "eidcached/http/handlers.h"

static const char index_text[] =
    "eidcached " EIDC_VERSION "\n"
    "\n"
    "GET  /v1/forward/{name}   the EID of a name\n"
    "GET  /v1/reverse/{eid}    the name of an EID\n"
    "GET  /v1/forward?name=    several names; also /v1/reverse?eid=\n"
    "POST /v1/forward          many names: a JSON array of strings, or text, one a line\n"
    "POST /v1/reverse          many EIDs, likewise\n"
    "GET  /v1/names            names in byte order; ?prefix= ?after= ?limit=100\n"
    "GET  /v1/scopes           how old each scope of a source is; ?source= ?after= ?limit=100\n"
    "GET  /v1/snapshot         the image itself; ?format=json the EidCache document\n"
    "GET  /v1/changes          added and removed; ?since= ?wait=30s for the next change\n"
    "GET  /v1/status           what the daemon knows and does\n"
    "POST /v1/refresh          refresh now; ?wait=30s ?accept_shrink=true\n"
    "GET  /livez /readyz       probes; ?verbose; /healthz is /livez\n"
    "GET  /metrics             for Prometheus\n"
    "GET  /openapi.json        all of this, for programs\n";

void eidc_handle_index(struct eidc_request *r)
{
    eidc_buf_add(&r->out, index_text, sizeof(index_text) - 1);
    r->answer.status = 200;
    r->answer.content_type = EIDC_TYPE_TEXT;
    r->answer.vary_accept = true; /* a browser gets the page */
}
