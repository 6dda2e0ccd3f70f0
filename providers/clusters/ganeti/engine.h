/* providers/clusters/ganeti/engine.h - what the verbs of the engine `ganeti` share. */
#pragma once
#include "providers/clusters/ganeti/rapi.h"
#include "providers/clusters/ganeti/shapes.h"

const struct rapi *ganeti_rapi(const struct cluster *c);

/* A question whose answer is a job; its id. `key`: what the job is found by again, or NULL. */
int ganeti_begin(const struct cluster *c, const char *method, const char *path, const char *key, const cJSON *body, struct arena *a,
		 const char **id, struct error *err);
/* How is it? ENOENT: the cluster knows no such job (any more). */
int ganeti_look_at_job(const struct cluster *c, const char *id, struct arena *a, cJSON **json, struct ganeti_job *out, struct error *err);
/* Until it is no longer waiting: in `out`, done or failed. `timeout_ms` 0: as long as it takes. */
int ganeti_wait(const struct cluster *c, const char *id, int timeout_ms, cluster_tell *tell, void *ctx, struct arena *a, struct ganeti_job *out,
		struct error *err);

/* 1: there it is, and `json` holds what it points into; 0: there is none. */
int ganeti_instance(const struct cluster *c, const char *name, struct arena *a, cJSON **json, struct ganeti_instance *out, struct error *err);

int ganeti_place(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err);
int ganeti_submit(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err);
int ganeti_poll(struct cluster *c, const struct cluster_job *job, const char *id, cluster_tell *tell, void *ctx, struct error *err);
