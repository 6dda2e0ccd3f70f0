/*
 * The engine of tests: a world of folders, DIR/NODE/MACHINE, in the folder that `url` names.
 *
 * A machine is a file of a line: STATUS GENERATION FLEET DIGEST KEY MEMORY BY STARTS. What a node does wrong is a file beside them:
 *	.down		it does not answer, and hears nothing
 *	.deaf		it does what it hears, and its answers are lost: who asks does not know what was done
 *	.slow		answers after so many ms, and not at all behind the deadline
 *	.fails		takes no job, and says these words
 *	.lies		tells nobody of its machines
 *	.memory		bytes that it has
 * So a node that is cut off from one operator and not from another is the same world under two names of it, of which one has .down.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "providers/cluster.h"

enum { MAX_FILE = 4096 };

static bool
fake_has(const struct cluster *c, const char *node, const char *what, struct buf *text)
{
	auto_free char *path = xasprintf("%s/%s/.%s", c->conf->url, node, what);

	buf_truncate(text, 0);
	if (fs_read_if(path, text, MAX_FILE, NULL) != 1)
		return false;
	if (text->len && text->s[text->len - 1] == '\n')
		buf_truncate(text, text->len - 1);
	return true;
}

/* Why it does not answer; NULL: it does. */
static const char *
fake_silence(const struct cluster *c, const char *node)
{
	AUTO(buf) text = BUF_INIT;
	int ms;

	if (fake_has(c, node, "down", &text))
		return "does not answer";
	if (fake_has(c, node, "slow", &text)) {
		ms = atoi(text.s);
		if (ms > (c->deadline_ms ? c->deadline_ms : CLUSTER_DEADLINE_MS))
			return "did not answer in time";
		usleep((useconds_t)ms * 1000);
	}
	return NULL;
}

static int
fake_names(const char *dir, bool folders, char ***out, size_t *n, struct arena *a)
{
	auto_dir DIR *d = opendir(dir);
	struct dirent *e;
	size_t cap = 0;

	*n = 0;
	while (d && (e = readdir(d))) {
		if (*e->d_name == '.' || (e->d_type == DT_DIR) != folders)
			continue;
		GROW(*out, *n, cap);
		(*out)[(*n)++] = arena_strdup(a, e->d_name);
	}
	return d ? 0 : -1;
}

static int
fake_compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static bool
fake_read(const struct cluster *c, const char *node, const char *name, struct arena *a, struct cluster_machine *m, int *starts)
{
	auto_free char *path = xasprintf("%s/%s/%s", c->conf->url, node, name);
	char fleet[128], digest[128], key[128], by[256];
	unsigned long long memory;
	AUTO(buf) text = BUF_INIT;
	int status;

	*m = (struct cluster_machine){ .name = name, .node = node, .fleet = "", .digest = "", .key = "", .by = "" };
	if (fs_read_if(path, &text, MAX_FILE, NULL) != 1 ||
	    sscanf(text.s, "%d %lld %127s %127s %127s %llu %255s %d", &status, &m->generation, fleet, digest, key, &memory, by, starts) != 8)
		return false;
	m->status = (enum cluster_status)status;
	m->memory = memory;
	m->name = arena_strdup(a, name);
	m->node = arena_strdup(a, node);
	m->fleet = arena_strdup(a, fleet);
	m->digest = arena_strdup(a, digest);
	m->key = arena_strdup(a, key);
	m->by = arena_strdup(a, by);
	return true;
}

static int
fake_open(struct cluster *c, struct error *err)
{
	return *c->conf->url ? 0 : error_set(err, ERR_INVALID, "the engine `fake` wants a folder in `url`");
}

static int
fake_hello(struct cluster *c, struct cluster_hello *out, struct arena *a, struct error *err)
{
	(void)a, (void)err;
	*out = (struct cluster_hello){ .version = c->version };
	return 0;
}

static void
fake_observe_machines(struct cluster *c, struct cluster_view *v, const char *node, size_t *cap)
{
	auto_free char *dir = xasprintf("%s/%s", c->conf->url, node);
	auto_free char **names = NULL;
	AUTO(buf) text = BUF_INIT;
	struct cluster_machine m;
	size_t n = 0;
	int starts;

	if (fake_has(c, node, "lies", &text))
		return;
	fake_names(dir, false, &names, &n, &v->arena);
	if (n)
		qsort(names, n, sizeof *names, fake_compare);
	for (size_t i = 0; i < n; i++) {
		if (!fake_read(c, node, names[i], &v->arena, &m, &starts))
			continue;
		if (v->nmachines == *cap) {
			struct cluster_machine *more = arena_alloc(&v->arena, (*cap = *cap * 2 + 64) * sizeof *more);

			if (v->nmachines)
				memcpy(more, v->machines, v->nmachines * sizeof *more);
			v->machines = more;
		}
		v->machines[v->nmachines++] = m;
	}
}

static int
fake_observe(struct cluster *c, struct cluster_view *out, struct error *err)
{
	struct cluster_view v = { 0 };
	auto_free char **names = NULL;
	AUTO(buf) text = BUF_INIT;
	size_t n = 0, cap = 0;

	if (fake_names(c->conf->url, true, &names, &n, &v.arena) < 0)
		return error_errno(err, "%s", c->conf->url);
	if (n)
		qsort(names, n, sizeof *names, fake_compare);
	v.nodes = arena_alloc(&v.arena, (n + 1) * sizeof *v.nodes);
	for (size_t i = 0; i < n; i++) {
		const char *why = fake_silence(c, names[i]);

		v.nodes[v.nnodes++] = (struct cluster_node){
			.name = names[i], .answers = !why, .why = why ? why : "", .version = c->version,
			.memory = fake_has(c, names[i], "memory", &text) ? strtoull(text.s, NULL, 10) : 0,
		};
		if (!why)
			fake_observe_machines(c, &v, names[i], &cap);
	}
	*out = v;
	return 0;
}

static int
fake_place(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err)
{
	(void)c, (void)err;
	return cluster_first_fit(v, wants, n);
}

/* What a node does with a job that it has heard. */
static int
fake_do(struct cluster *c, const struct cluster_job *job, struct error *err)
{
	auto_free char *path = xasprintf("%s/%s/%s", c->conf->url, job->node, job->name);
	AUTO(arena) a = { 0 };
	struct cluster_machine m;
	AUTO(buf) line = BUF_INIT;
	enum cluster_status status = job->verb == CLUSTER_RUN ? MACHINE_IS_RUNNING : MACHINE_IS_STOPPED;
	int starts = 0;
	bool there = fake_read(c, job->node, job->name, &a, &m, &starts);

	/* By its key it is known that this was done before. */
	if (there && !strcmp(m.key, job->key))
		return 0;
	if ((there ? m.generation : 0) != job->expects)
		return there || job->verb != CLUSTER_REMOVE ? error_set(err, ERR_STALE, "`%s` is of generation %lld by now, by %s", job->name, m.generation, m.by) : 0;
	if (job->verb == CLUSTER_REMOVE)
		return fs_unlink(path, err);
	starts += status == MACHINE_IS_RUNNING && !(there && m.status == MACHINE_IS_RUNNING && !strcmp(m.digest, job->digest));
	buf_addf(&line, "%d %lld %s %s %s %llu %s %d\n", (int)status, job->generation, job->fleet, job->digest, job->key,
		 (unsigned long long)job->memory, job->by, starts);
	return fs_write(path, line.s, line.len, 0600, err);
}

static int
fake_submit(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	const char *why = fake_silence(c, job->node);
	AUTO(buf) words = BUF_INIT;

	*id = arena_strdup(a, job->key);
	if (why)
		return error_set(err, ETIMEDOUT, "host `%s` %s", job->node, why);
	if (fake_has(c, job->node, "fails", &words))
		return error_set(err, ERR_CHILD, "host `%s`: %s", job->node, words.s);
	if (fake_do(c, job, err) < 0)
		return -1;
	return fake_has(c, job->node, "deaf", &words) ? error_set(err, ETIMEDOUT, "host `%s` did not answer in time", job->node) : 0;
}

static int
fake_poll(struct cluster *c, const struct cluster_job *job, const char *id, cluster_tell *tell, void *ctx, struct error *err)
{
	(void)c, (void)job, (void)id, (void)err;
	if (tell)
		tell(ctx, &(struct cluster_event){ EVENT_SAID, "done" });
	return 0;
}

static int
fake_endpoint(struct cluster *c, const struct cluster_machine *m, struct arena *a, struct cluster_endpoint *out, struct error *err)
{
	const char **argv = arena_alloc(a, 3 * sizeof *argv);

	(void)c, (void)err;
	argv[0] = "echo";
	argv[1] = m->node;
	*out = (struct cluster_endpoint){ .argv = argv };
	return 0;
}

const struct cluster_engine cluster_fake = {
	.name = "fake",
	.open = fake_open,
	.hello = fake_hello,
	.observe = fake_observe,
	.place = fake_place,
	.submit = fake_submit,
	.poll = fake_poll,
	.endpoint = fake_endpoint,
};
