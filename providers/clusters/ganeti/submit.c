/*
 * What is done with one machine of a Ganeti cluster. Nothing here is one step for Ganeti, so it is in an order that bears an end anywhere:
 * the tags of the new generation first, which is the claim; then what they promise, by looking at what is missing; and the same job, submitted
 * again, finds its claim and goes on.
 */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "providers/clusters/ganeti/engine.h"

enum { MAX_VOLUME = 500 << 10 /* eight parameters of the OS definition, in base64 */ };

static int
ganeti_path_add(struct arena *a, const char **path, const cJSON *tags)
{
	AUTO(buf) b = BUF_INIT;
	const cJSON *tag;
	char join = '?';

	buf_adds(&b, *path);
	cJSON_ArrayForEach(tag, tags) {
		buf_addf(&b, "%ctag=", join);
		join = '&';
		for (const char *s = cJSON_GetStringValue(tag); *s; s++)
			buf_addf(&b, strchr("+*/@&=?#%", *s) ? "%%%02X" : "%c", (unsigned char)*s);
	}
	*path = arena_strdup(a, b.s);
	return join == '&';
}

/* A step that a job is made of, until it is done. */
static int
ganeti_step(struct cluster *c, const struct cluster_job *job, const char *method, const char *path, const cJSON *body, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct ganeti_job j;
	const char *id;

	if (ganeti_begin(c, method, path, job->key, body, &a, &id, err) < 0 || ganeti_wait(c, id, job->timeout_ms, NULL, NULL, &a, &j, err) < 0)
		return -1;
	return j.state == GANETI_JOB_DONE ? 0 : error_set(err, ERR_CHILD, "`%s`: job %s of the cluster failed: %s", job->name, id, j.why);
}

static int
ganeti_stale(const struct cluster_job *job, const struct cluster_machine *m, struct error *err)
{
	return error_set(err, ERR_STALE, "`%s` is of generation %lld by now, by %s", job->name, m->generation, *m->by ? m->by : "somebody");
}

/* Makes the machine this job's, or says whose it is. Of two that claim one generation at the same time, both come to the same one. */
static int
ganeti_claim(struct cluster *c, const struct cluster_job *job, const struct ganeti_instance *i, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_json *tags = ganeti_tags_new(job), *json = NULL, *old = NULL;
	const char *path = arena_printf(&a, "/2/instances/%s/tags", job->name), *without = path;
	struct ganeti_instance now;
	int there;

	if (i->machine.generation != job->expects)
		return ganeti_stale(job, &i->machine, err);
	ganeti_path_add(&a, &path, tags);
	if (ganeti_step(c, job, "PUT", path, NULL, err) < 0)
		return -1;
	there = ganeti_instance(c, job->name, &a, &json, &now, err);
	if (there < 0)
		return -1;
	if (!there)
		return error_set(err, ERR_STALE, "`%s` is gone by now", job->name);
	if (!ganeti_tags_won(&now, job))
		return ganeti_stale(job, &now.machine, err);
	old = ganeti_tags_old(&now, job);
	if (ganeti_path_add(&a, &without, old))
		return ganeti_step(c, job, "DELETE", without, NULL, err);
	return 0;
}

/*
 * 1: a run before this one, which was killed, has begun it, and it goes on: what is being made is not in the list of machines before it has
 * its disks, and in there before it runs.
 */
static int
ganeti_begun(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	auto_json *jobs = NULL;
	const char *found;

	if (rapi_ask(ganeti_rapi(c), "GET", "/2/jobs?bulk=1", NULL, &jobs, err) < 0)
		return -1;
	found = ganeti_find_job(jobs, job->key, a);
	if (found)
		*id = found;
	return found ? 1 : 0;
}

/* Its node is marked offline, so it runs nowhere: its disks are where others reach them, or this fails. */
static int
ganeti_fail_over(struct cluster *c, const struct cluster_job *job, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_json *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "iallocator", "hail");
	cJSON_AddTrueToObject(body, "ignore_consistency");
	return ganeti_step(c, job, "PUT", arena_printf(&a, "/2/instances/%s/failover", job->name), body, err);
}

static int
ganeti_check_volume(const struct cluster_job *job, struct error *err)
{
	if (job->told->len <= MAX_VOLUME)
		return 0;
	return error_set(err, EFBIG, "`%s`: what its guest is to be told is %zu KiB, and Ganeti takes %d; let a script of `provision` fetch what is large", job->name,
			 job->told->len >> 10, MAX_VOLUME >> 10);
}

static int
ganeti_create(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	auto_json *body = NULL, *info = NULL;
	int begun;

	if (job->expects)
		return error_set(err, ERR_STALE, "`%s` is gone by now", job->name);
	if (!*job->image || !*job->image_digest)
		return error_set(err, ERR_INVALID, "`%s`: on Ganeti an image needs a location and a digest", job->name);
	begun = ganeti_begun(c, job, a, id, err);
	if (begun)
		return begun < 0 ? -1 : 0;
	if (job->told && (ganeti_check_volume(job, err) < 0 || rapi_ask(ganeti_rapi(c), "GET", "/2/info", NULL, &info, err) < 0))
		return -1;
	body = ganeti_create_body(job, !job->node || !*job->node, ganeti_smallest_disk(info));
	return ganeti_begin(c, "POST", "/2/instances", job->key, body, a, id, err);
}

static int
ganeti_grow(struct cluster *c, const struct cluster_job *job, const struct ganeti_instance *i, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_json *body = cJSON_CreateObject();

	if (!job->disk || job->disk <= i->disk)
		return 0;
	cJSON_AddNumberToObject(body, "amount", (double)((job->disk + (1 << 20) - 1) >> 20));
	cJSON_AddTrueToObject(body, "absolute");
	return ganeti_step(c, job, "POST", arena_printf(&a, "/2/instances/%s/disk/0/grow", job->name), body, err);
}

static int
ganeti_resize(struct cluster *c, const struct cluster_job *job, const struct ganeti_instance *i, struct error *err)
{
	AUTO(arena) a = { 0 };
	auto_json *body = cJSON_CreateObject();
	cJSON *params;

	if (!job->memory || (i->cpus == job->cpus && i->memory == job->memory))
		return 0;
	params = cJSON_AddObjectToObject(body, "beparams");
	cJSON_AddNumberToObject(params, "vcpus", job->cpus);
	cJSON_AddNumberToObject(params, "maxmem", (double)(job->memory >> 20));
	cJSON_AddNumberToObject(params, "minmem", (double)(job->memory >> 20));
	return ganeti_step(c, job, "PUT", arena_printf(&a, "/2/instances/%s/modify", job->name), body, err);
}

/* The last step is the one that takes long: whoever polls sees its log. */
static int
ganeti_run(struct cluster *c, const struct cluster_job *job, const struct ganeti_instance *i, struct arena *a, const char **id, struct error *err)
{
	bool runs = i->machine.status == MACHINE_IS_RUNNING, other = i->running_memory && job->memory && i->running_memory != job->memory;

	if (*i->image_digest && *job->image_digest && strcmp(i->image_digest, job->image_digest) != 0)
		return error_set(err, ERR_REFUSED, "the disk of `%s` was made of another image; delete it, and apply makes it anew", job->name);
	if (ganeti_grow(c, job, i, err) < 0 || ganeti_resize(c, job, i, err) < 0)
		return -1;
	if (job->verb == CLUSTER_STOP)
		return runs ? ganeti_begin(c, "PUT", arena_printf(a, "/2/instances/%s/shutdown", job->name), job->key, NULL, a, id, err) : 0;
	if (!runs)
		return ganeti_begin(c, "PUT", arena_printf(a, "/2/instances/%s/startup", job->name), job->key, NULL, a, id, err);
	if (other || (job->cpus && i->cpus != job->cpus))
		return ganeti_begin(c, "POST", arena_printf(a, "/2/instances/%s/reboot?type=full", job->name), job->key, NULL, a, id, err);
	return 0;
}

/* One that runs goes on meanwhile; one that does not is only counted to another node. Where its disks are not to be reached from there, the cluster says so. */
static int
ganeti_move(struct cluster *c, const struct cluster_job *job, const struct ganeti_instance *i, struct error *err)
{
	bool runs = i->machine.status == MACHINE_IS_RUNNING;
	AUTO(arena) a = { 0 };
	auto_json *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "target_node", job->node);
	if (runs)
		cJSON_AddStringToObject(body, "mode", "live");
	return ganeti_step(c, job, "PUT", arena_printf(&a, "/2/instances/%s/%s", job->name, runs ? "migrate" : "failover"), body, err);
}

/* What was moved is looked at again: it may run by now. */
static int
ganeti_arrived(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	auto_json *json = NULL;
	struct ganeti_instance i;
	int there = ganeti_instance(c, job->name, a, &json, &i, err);

	if (there <= 0)
		return there < 0 ? -1 : error_set(err, ERR_STALE, "`%s` is gone by now", job->name);
	return ganeti_run(c, job, &i, a, id, err);
}

int
ganeti_submit(struct cluster *c, const struct cluster_job *job, struct arena *a, const char **id, struct error *err)
{
	auto_json *json = NULL;
	struct ganeti_instance i;
	int there = ganeti_instance(c, job->name, a, &json, &i, err);

	*id = "";
	if (there < 0)
		return -1;
	if (!there)
		return job->verb == CLUSTER_REMOVE ? 0 : ganeti_create(c, job, a, id, err);
	if (strcmp(i.machine.fleet, job->fleet) != 0)
		return error_set(err, ERR_REFUSED, "`%s` on the cluster is %s%s: rename the member, or remove that machine", job->name,
				 *i.machine.fleet ? "of the fleet " : "nobody's of limactl", i.machine.fleet);
	if (!i.known)
		return error_set(err, EHOSTUNREACH, "node `%s`, where `%s` is, does not answer; if it is dead, say so (gnt-node modify --offline yes), and its machines go elsewhere",
				 i.machine.node, job->name);
	if (ganeti_tags_won(&i, job)) {
		int begun = ganeti_begun(c, job, a, id, err);

		if (begun)
			return begun < 0 ? -1 : 0;
	} else if (ganeti_claim(c, job, &i, err) < 0) {
		return -1;
	}
	if (job->verb == CLUSTER_REMOVE)
		return ganeti_begin(c, "DELETE", arena_printf(a, "/2/instances/%s", job->name), job->key, NULL, a, id, err);
	if (i.off)
		return ganeti_fail_over(c, job, err) < 0 ? -1 : ganeti_arrived(c, job, a, id, err);
	if (job->moves && strcmp(i.machine.node, job->node) != 0)
		return ganeti_move(c, job, &i, err) < 0 ? -1 : ganeti_arrived(c, job, a, id, err);
	return ganeti_run(c, job, &i, a, id, err);
}
