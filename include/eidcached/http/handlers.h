#pragma once
/* What the rows of the route table call. Each fills r->answer. */
#include "eidcached/http/direction.h"
#include "eidcached/http/http_request.h"

void eidc_handle_forward(struct eidc_request *r); /* lookup.c */
void eidc_handle_reverse(struct eidc_request *r);
void eidc_handle_forward_batch(struct eidc_request *r); /* batch.c */
void eidc_handle_reverse_batch(struct eidc_request *r);
void eidc_handle_names(struct eidc_request *r);    /* names.c */
void eidc_handle_scopes(struct eidc_request *r);   /* scopes.c */
void eidc_handle_snapshot(struct eidc_request *r); /* snapshot.c */
void eidc_handle_openapi(struct eidc_request *r);  /* openapi.c */
void eidc_handle_page(struct eidc_request *r);     /* page.c */
void eidc_handle_changes(struct eidc_request *r);  /* changes.c */
void eidc_handle_status(struct eidc_request *r);   /* status.c */
void eidc_handle_refresh(struct eidc_request *r);  /* refresh.c */
void eidc_handle_metrics(struct eidc_request *r);  /* metrics.c */
void eidc_handle_index(struct eidc_request *r);    /* index.c */
void eidc_handle_livez(struct eidc_request *r);    /* probes.c */
void eidc_handle_readyz(struct eidc_request *r);
