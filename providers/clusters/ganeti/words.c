/* The half of providers/clusters/ganeti/shapes.h that is about making instances, and about jobs. */
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "providers/clusters/ganeti/shapes.h"

enum { VOLUME_PART = 96 << 10 };

static double
ganeti_in_mib(uint64_t bytes)
{
	return (double)((bytes + (1 << 20) - 1) >> 20);
}

static cJSON *
ganeti_disk(uint64_t bytes)
{
	cJSON *disk = cJSON_CreateObject();

	cJSON_AddNumberToObject(disk, "size", ganeti_in_mib(bytes));
	return disk;
}

uint64_t
ganeti_smallest_disk(const cJSON *info)
{
	const cJSON *spec = cJSON_GetArrayItem(cjson_get(cjson_get(info, "ipolicy"), "minmax"), 0), *size = cjson_get(cjson_get(spec, "min"), "disk-size");

	return cJSON_IsNumber(size) && size->valuedouble > 0 && size->valuedouble < 1e6 ? (uint64_t)size->valuedouble << 20 : 0;
}

/* The volume in parameters that Ganeti passes on and writes nowhere, no longer each than one variable of an environment may be. */
static void
ganeti_add_volume(cJSON *body, const struct cluster_told *told)
{
	cJSON *secrets = cJSON_AddObjectToObject(body, "osparams_secret");
	AUTO(buf) text = BUF_INIT;

	base64_encode(&text, told->volume, told->len);
	for (size_t at = 0, part = 0; at < text.len; at += VOLUME_PART, part++) {
		auto_free char *name = xasprintf("cidata%zu", part);
		size_t n = text.len - at < VOLUME_PART ? text.len - at : VOLUME_PART;
		auto_free char *piece = xasprintf("%.*s", (int)n, text.s + at);

		cJSON_AddStringToObject(secrets, name, piece);
		explicit_bzero(piece, n);
	}
	explicit_bzero(text.s, text.len);
}

cJSON *
ganeti_create_body(const struct cluster_job *job, bool by_allocator, uint64_t smallest)
{
	cJSON *b = cJSON_CreateObject(), *params, *disks, *nic = cJSON_CreateObject();

	cJSON_AddNumberToObject(b, "__version__", 1);
	cJSON_AddStringToObject(b, "mode", "create");
	cJSON_AddStringToObject(b, "instance_name", job->name);
	cJSON_AddStringToObject(b, "os_type", "lima+default");
	params = cJSON_AddObjectToObject(b, "osparams");
	cJSON_AddStringToObject(params, "image", job->image);
	cJSON_AddStringToObject(params, "digest", job->image_digest);
	params = cJSON_AddObjectToObject(b, "beparams");
	cJSON_AddNumberToObject(params, "vcpus", job->cpus);
	cJSON_AddNumberToObject(params, "maxmem", ganeti_in_mib(job->memory));
	cJSON_AddNumberToObject(params, "minmem", ganeti_in_mib(job->memory));
	disks = cJSON_AddArrayToObject(b, "disks");
	cJSON_AddItemToArray(disks, ganeti_disk(job->disk));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(b, "nics"), nic);
	if (job->told) {
		cJSON_AddItemToArray(disks, ganeti_disk(job->told->unpacked > smallest ? job->told->unpacked : smallest));
		cJSON_AddStringToObject(nic, "mac", job->told->mac);
		ganeti_add_volume(b, job->told);
	}
	/* A member's name is a name in its fleet, and nobody's in the DNS. */
	cJSON_AddFalseToObject(b, "name_check");
	cJSON_AddFalseToObject(b, "ip_check");
	cJSON_AddBoolToObject(b, "start", job->verb == CLUSTER_RUN);
	if (by_allocator)
		cJSON_AddStringToObject(b, "iallocator", "hail");
	else
		cJSON_AddStringToObject(b, "pnode", job->node);
	cJSON_AddItemToObject(b, "tags", ganeti_tags_new(job));
	return b;
}

/* ["OpPrereqError", ["what", "already_exists"]] of the first part that failed. */
static void
ganeti_read_failure(const cJSON *results, struct arena *a, struct ganeti_job *out)
{
	const cJSON *result, *words;

	cJSON_ArrayForEach(result, results) {
		words = cJSON_IsArray(result) ? cJSON_GetArrayItem(result, 1) : NULL;
		if (!cJSON_IsArray(words))
			continue;
		out->why = arena_strdup(a, cJSON_GetStringValue(cJSON_GetArrayItem(words, 0)) ?: "");
		out->kind = arena_strdup(a, cJSON_GetStringValue(cJSON_GetArrayItem(words, 1)) ?: "");
		for (char *s = (char *)out->why; *s; s++)
			if (*s < ' ' || *s > '~')
				*s = ' ';
		return;
	}
}

bool
ganeti_read_job(const cJSON *json, struct arena *a, struct ganeti_job *out)
{
	const char *status = cjson_text(json, "status"), *node;
	const cJSON *results = cjson_get(json, "opresult");

	if (!status)
		return false;
	*out = (struct ganeti_job){ .why = "", .kind = "", .node = "", .log = cJSON_GetArrayItem(cjson_get(json, "oplog"), 0) };
	if (!strcmp(status, "success")) {
		out->state = GANETI_JOB_DONE;
		node = cJSON_GetStringValue(cJSON_GetArrayItem(cJSON_GetArrayItem(results, 0), 0));
		out->node = arena_strdup(a, node ? node : "");
	} else if (!strcmp(status, "error") || !strcmp(status, "canceled")) {
		out->state = GANETI_JOB_FAILED;
		out->why = arena_printf(a, "the job is %s", *status == 'e' ? "in error" : "cancelled");
		ganeti_read_failure(results, a, out);
	}
	return true;
}

static bool
ganeti_has_reason(const cJSON *ops, const char *key)
{
	const cJSON *op, *why;

	cJSON_ArrayForEach(op, ops) {
		cJSON_ArrayForEach(why, cjson_get(op, "reason")) {
			const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(why, 1));

			if (text && !strcmp(text, key))
				return true;
		}
	}
	return false;
}

const char *
ganeti_find_job(const cJSON *jobs, const char *key, struct arena *a)
{
	const cJSON *job, *id;
	struct ganeti_job j;

	if (!cJSON_IsArray(jobs))
		return NULL;
	cJSON_ArrayForEach(job, jobs) {
		id = cjson_get(job, "id");
		if (ganeti_read_job(job, a, &j) && j.state == GANETI_JOB_WAITS && ganeti_has_reason(cjson_get(job, "ops"), key) &&
		    cJSON_IsNumber(id) && id->valuedouble > 0 && id->valuedouble < 1e15)
			return arena_printf(a, "%.0f", id->valuedouble);
	}
	return NULL;
}
