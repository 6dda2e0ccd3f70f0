/* What a host is to do, as it comes on standard input. */
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "cli/away/errand.h"
#include "cli/cli.h"

enum { ERRAND_MAX = 64 << 20, JOBS_MAX = 20000, YAML_MAX = 4 << 20 };

static const char *const *
errand_read_after(struct cli *c, const cJSON *list, size_t *n)
{
	const char **v = arena_alloc(&c->arena, ((size_t)cJSON_GetArraySize(list) + 1) * sizeof *v);
	const cJSON *o;

	*n = 0;
	cJSON_ArrayForEach(o, list)
		if (cJSON_IsString(o))
			v[(*n)++] = arena_strdup(&c->arena, o->valuestring);
	return v;
}

static struct errand_job
errand_read_job(struct cli *c, const char *fleet, const cJSON *o)
{
	struct arena *a = &c->arena;
	const cJSON *expects = cjson_get(o, "expects"), *generation = cjson_get(o, "generation");
	struct errand_job j = {
		.name = arena_strdup(a, cjson_text_or(o, "name", "")), .goal = arena_strdup(a, cjson_text_or(o, "goal", "")),
		.expects = cJSON_IsNumber(expects) ? (long long)expects->valuedouble : -1,
		.text = arena_strdup(a, cjson_text_or(o, "text", "")),
		.note = arena_printf(a, "%lld %s %s %s %s", cJSON_IsNumber(generation) ? (long long)generation->valuedouble : 0, cjson_text_or(o, "key", ""),
				     cjson_text_or(o, "digest", ""), fleet, cjson_text_or(o, "by", "")),
	};

	j.after = errand_read_after(c, cjson_get(o, "after"), &j.nafter);
	return j;
}

int
errand_read(struct cli *c, struct errand *out, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	const cJSON *jobs, *o;
	cJSON *root;
	int n;

	if (fs_read_named("/dev/stdin", &text, ERRAND_MAX, err) < 0)
		return -1;
	root = cJSON_ParseWithLength(text.s, text.len);
	jobs = cjson_get(root, "jobs");
	n = cJSON_IsArray(jobs) ? cJSON_GetArraySize(jobs) : 0;
	if (n < 1 || n > JOBS_MAX || !cjson_text(root, "fleet")) {
		cJSON_Delete(root);
		return error_set(err, ERR_INVALID, "standard input: is no errand of a fleet's engine");
	}
	out->fleet = arena_strdup(&c->arena, cjson_text(root, "fleet"));
	out->jobs = arena_alloc(&c->arena, (size_t)n * sizeof *out->jobs);
	cJSON_ArrayForEach(o, jobs)
		out->jobs[out->n++] = errand_read_job(c, out->fleet, o);
	cJSON_Delete(root);
	return 0;
}

int
errand_read_text(struct cli *c, struct errand_job *job, struct error *err)
{
	AUTO(buf) text = BUF_INIT;

	if (fs_read_named("/dev/stdin", &text, YAML_MAX, err) < 0)
		return -1;
	job->text = arena_strdup(&c->arena, text.s);
	return 0;
}
