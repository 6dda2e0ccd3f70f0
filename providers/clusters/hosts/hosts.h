/* providers/clusters/hosts/hosts.h - hosts that run limactl, by the ssh program; for the files of this folder only. */
#pragma once
#include "base/buf.h"
#include "providers/cluster.h"

/* What is asked of a host: the words are quoted for its shell here, and nowhere else. */
struct host_ask {
	const char *const *words;	/* limactl and its arguments, NULL-terminated */
	const char *input;		/* on its stdin; or NULL */
	size_t input_len;
	int timeout_ms;			/* 0: none but ssh's own, by which a host that is gone is missed */
	struct buf *out;		/* stdout, and with `talk` also stderr */
	bool talk;
	void (*line)(void *ctx, const char *text, size_t len);	/* each line of `out` as it comes; or NULL */
	void *ctx;
};

/* The destination and its options, NULL-terminated, in `a`; makes what they name in $LIMA_HOME/_engines. */
int host_ssh_words(struct cluster *c, const struct engine_host *h, struct arena *a, const char *const **out, struct error *err);
/*
 * 0 with the exit status of limactl there; -1: it was not reached, or did not answer (ETIMEDOUT), or has no limactl. The message begins with what the
 * host does: "does not answer: ...".
 */
int host_ask(struct cluster *c, const struct engine_host *h, const struct host_ask *ask, int *status, struct error *err);
/* What a host says of itself and its machines (`limactl engine-look`), into a view; node->why where that is nothing. */
void host_look(struct cluster *c, const struct engine_host *h, struct cluster_view *own);
/* NULL: there is none of that name. */
const struct engine_host *host_find(const struct cluster *c, const char *name);
/* The message of the last line of a log that was said as the reason of the end; in `a`; NULL: none was. */
const char *host_fatal(struct arena *a, const struct buf *log);
/* As in providers/cluster.h: `limactl engine-apply` of all the jobs, which are its standard input. */
int hosts_submit_all(struct cluster *c, const struct cluster_shard *s, struct error *err);
