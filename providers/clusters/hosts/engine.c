/* The engine `hosts`: each host's limactl is the reconciler there, and takes what it is to do on its standard input. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/semver.h"
#include "providers/clusters/hosts/hosts.h"

enum { AT_ONCE = 32, STALE = 3 /* the exit status of limactl where something has moved */ };

static int
hosts_open(struct cluster *c, struct error *err)
{
	return c->conf->nhosts ? 0 : error_set(err, ERR_INVALID, "the engine `hosts` has no hosts");
}

/* --- looking, at all of them at once --- */

struct looks {
	struct cluster *c;
	struct cluster_view *each;
	size_t next;
};

static void *
hosts_look_thread(void *ctx)
{
	struct looks *l = ctx;

	for (;;) {
		size_t i = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

		if (i >= l->c->conf->nhosts)
			return NULL;
		host_look(l->c, &l->c->conf->hosts[i], &l->each[i]);
	}
}

static void
hosts_join(struct cluster_view *out, struct cluster_view *each, size_t n)
{
	size_t machines = 0;

	for (size_t i = 0; i < n; i++)
		machines += each[i].nmachines;
	out->nodes = arena_alloc(&out->arena, n * sizeof *out->nodes);
	out->machines = arena_alloc(&out->arena, (machines + 1) * sizeof *out->machines);
	for (size_t i = 0; i < n; i++) {
		struct cluster_node node = each[i].nodes[0];

		node.why = arena_strdup(&out->arena, node.why);
		node.version = arena_strdup(&out->arena, node.version);
		out->nodes[out->nnodes++] = node;
		for (size_t k = 0; k < each[i].nmachines; k++) {
			struct cluster_machine m = each[i].machines[k];

			m.name = arena_strdup(&out->arena, m.name);
			m.fleet = arena_strdup(&out->arena, m.fleet);
			m.digest = arena_strdup(&out->arena, m.digest);
			m.key = arena_strdup(&out->arena, m.key);
			m.by = arena_strdup(&out->arena, m.by);
			out->machines[out->nmachines++] = m;
		}
		cluster_view_release(&each[i]);
	}
}

static int
hosts_observe(struct cluster *c, struct cluster_view *out, struct error *err)
{
	size_t n = c->conf->nhosts, nthreads = 0;
	auto_free struct cluster_view *each = xcalloc(n, sizeof *each);
	struct looks l = { .c = c, .each = each };
	struct cluster_view v = { 0 };
	pthread_t threads[AT_ONCE];

	(void)err;
	/* this thread is one of them: where no other can be had, it asks one after another */
	while (nthreads + 1 < n && nthreads < AT_ONCE && pthread_create(&threads[nthreads], NULL, hosts_look_thread, &l) == 0)
		nthreads++;
	hosts_look_thread(&l);
	for (size_t i = 0; i < nthreads; i++)
		pthread_join(threads[i], NULL);
	hosts_join(&v, each, n);
	*out = v;
	return 0;
}

static int
hosts_hello(struct cluster *c, struct cluster_hello *out, struct arena *a, struct error *err)
{
	AUTO(cluster_view) v = { 0 };
	struct semver oldest = { { 0 } }, one;
	const char *why = "";

	if (hosts_observe(c, &v, err) < 0)
		return -1;
	*out = (struct cluster_hello){ .version = "" };
	for (size_t i = 0; i < v.nnodes; i++) {
		if (!v.nodes[i].answers || semver_parse(&one, v.nodes[i].version) < 0) {
			why = v.nodes[i].why;
		} else if (!*out->version || semver_compare(&one, &oldest) < 0) {
			oldest = one;
			out->version = arena_strdup(a, v.nodes[i].version);
		}
	}
	return *out->version ? 0 : error_set(err, ETIMEDOUT, "no host of the fleet `%s` can be spoken with: the last one %s", c->conf->fleet, why);
}

static int
hosts_place(struct cluster *c, struct cluster_view *v, struct cluster_want *wants, size_t n, struct error *err)
{
	(void)c, (void)err;
	return cluster_first_fit(v, wants, n);
}

/* --- doing --- */

const struct engine_host *
host_find(const struct cluster *c, const char *name)
{
	for (size_t i = 0; i < c->conf->nhosts; i++)
		if (!strcmp(c->conf->hosts[i].name, name))
			return &c->conf->hosts[i];
	return NULL;
}

const char *
host_fatal(struct arena *a, const struct buf *log)
{
	const char *found = NULL;

	for (const char *line = log->s, *end; *line; line = *end ? end + 1 : end) {
		cJSON *o;

		end = line + strcspn(line, "\n");
		o = *line == '{' ? cJSON_ParseWithLength(line, (size_t)(end - line)) : NULL;
		if (o && cjson_text(o, "msg") && (!strcmp(cjson_text_or(o, "level", ""), "fatal") || (!found && !strcmp(cjson_text_or(o, "level", ""), "error"))))
			found = arena_strdup(a, cjson_text(o, "msg"));
		cJSON_Delete(o);
	}
	return found;
}

static int
hosts_submit(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	const struct engine_host *h = host_find(c, job->node);
	const char *note = arena_printf(a, "%lld %s %s %s %s", job->generation, job->key, job->digest, job->fleet, job->by);
	const char *const words[] = {
		"limactl", "--log-format", "json", "--tty=false", "engine-apply", "--expects", arena_printf(a, "%lld", job->expects), "--note", note,
		"--goal", job->verb == CLUSTER_RUN ? "running" : job->verb == CLUSTER_STOP ? "stopped" : "absent", "--", job->name, NULL,
	};
	AUTO(buf) out = BUF_INIT;
	struct error why = { 0 };
	const char *said;
	int status = 0;

	*id = "";
	if (!h)
		return error_set(err, ENOENT, "there is no host `%s`", job->node);
	if (host_ask(c, h, &(struct host_ask){ .words = words, .input = job->text ? job->text : "", .input_len = job->text ? job->len : 0,
					       .timeout_ms = job->timeout_ms, .out = &out, .talk = true }, &status, &why) < 0)
		return why.code == ERR_CANCELLED ? error_set(err, why.code, "%s", why.msg) : error_set(err, why.code, "host `%s` %s", job->node, why.msg);
	if (!status)
		return 0;
	said = host_fatal(a, &out);
	return error_set(err, status == STALE ? ERR_STALE : ERR_CHILD, "host `%s`: %s", job->node, said ? said : "limactl failed there");
}

/* What was submitted is done when that returns: the host's limactl is waited for. */
static int
hosts_poll(struct cluster *c, const struct cluster_job *job, const char *id, cluster_tell *tell, void *ctx, struct error *err)
{
	(void)c, (void)job, (void)id, (void)tell, (void)ctx, (void)err;
	return 0;
}

static int
hosts_endpoint(struct cluster *c, const struct cluster_machine *m, struct arena *a, struct cluster_endpoint *out, struct error *err)
{
	const struct engine_host *h = host_find(c, m->node);

	*out = (struct cluster_endpoint){ 0 };
	return h ? host_ssh_words(c, h, a, &out->argv, err) : error_set(err, ENOENT, "there is no host `%s`", m->node);
}

const struct cluster_engine cluster_hosts = {
	.name = "hosts",
	.open = hosts_open,
	.hello = hosts_hello,
	.observe = hosts_observe,
	.place = hosts_place,
	.submit = hosts_submit,
	.poll = hosts_poll,
	.submit_all = hosts_submit_all,
	.endpoint = hosts_endpoint,
};
