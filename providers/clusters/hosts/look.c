/* What a host says of itself and of its machines: `limactl engine-look`, a line of JSON. Nothing in it is believed to be of any size or kind. */
#include <string.h>

#include "base/auto.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/semver.h"
#include "providers/clusters/hosts/hosts.h"

enum { MACHINES_MAX = 20000, TEXT_MAX_LEN = 256 };

static uint64_t
look_number(const cJSON *o, const char *name)
{
	const cJSON *v = cjson_get(o, name);

	return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 9e15 ? (uint64_t)v->valuedouble : 0;
}

/* A word without anything that a terminal or a file of words would take for more. */
static const char *
look_text(struct arena *a, const cJSON *o, const char *name)
{
	const char *s = cjson_text_or(o, name, "");
	size_t len = strnlen(s, TEXT_MAX_LEN + 1);

	if (len > TEXT_MAX_LEN)
		return "";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 127)
			return "";
	return arena_strdup(a, s);
}

static enum cluster_status
look_status(const char *word)
{
	return !strcmp(word, "Running") ? MACHINE_IS_RUNNING : !strcmp(word, "Stopped") ? MACHINE_IS_STOPPED : MACHINE_IS_BROKEN;
}

static void
look_machines(struct cluster_view *v, const cJSON *list)
{
	int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
	const cJSON *o;

	if (n > MACHINES_MAX)
		n = MACHINES_MAX;
	v->machines = arena_alloc(&v->arena, ((size_t)n + 1) * sizeof *v->machines);
	cJSON_ArrayForEach(o, list) {
		const char *name = look_text(&v->arena, o, "name");

		if (!*name || v->nmachines >= (size_t)n)
			continue;
		v->machines[v->nmachines++] = (struct cluster_machine){
			.name = name, .node = v->nodes[0].name, .status = look_status(cjson_text_or(o, "status", "")), .memory = look_number(o, "memory"),
			.fleet = look_text(&v->arena, o, "fleet"), .digest = look_text(&v->arena, o, "digest"), .key = look_text(&v->arena, o, "key"),
			.by = look_text(&v->arena, o, "by"), .generation = (long long)look_number(o, "generation"),
		};
	}
}

/* With an older one nobody speaks: it may not know what is asked of it. */
static bool
look_is_older(const char *there, const char *here)
{
	struct semver a, b;

	return semver_parse(&a, there) < 0 || (semver_parse(&b, here) == 0 && semver_compare(&a, &b) < 0);
}

static void
look_read(struct cluster *c, const struct engine_host *h, struct cluster_view *v, const char *text, size_t len)
{
	cJSON *root = cJSON_ParseWithLength(text, len);
	struct cluster_node *n = &v->nodes[0];

	n->version = look_text(&v->arena, root, "version");
	if (!cJSON_IsObject(root)) {
		n->why = "says what is no answer of `limactl engine-look`";
	} else if (look_is_older(n->version, c->version)) {
		n->why = arena_printf(&v->arena, "has limactl %s, and here is %s: it must be the same or a newer one", n->version, c->version);
	} else {
		n->answers = true;
		n->memory = h->memory ? h->memory : look_number(root, "memory");
		n->memory_free = look_number(root, "memoryFree");
		n->disk_free = look_number(root, "diskFree");
		look_machines(v, cjson_get(root, "machines"));
	}
	cJSON_Delete(root);
}

void
host_look(struct cluster *c, const struct engine_host *h, struct cluster_view *own)
{
	static const char *const words[] = { "limactl", "engine-look", NULL };
	AUTO(buf) out = BUF_INIT;
	struct error why = { 0 };
	int status = 0;

	own->nodes = arena_alloc(&own->arena, sizeof *own->nodes);
	own->nnodes = 1;
	own->nodes[0] = (struct cluster_node){ .name = h->name, .why = "", .version = "", .labels = h->labels, .nlabels = h->nlabels };
	if (host_ask(c, h, &(struct host_ask){ .words = words, .timeout_ms = c->deadline_ms ? c->deadline_ms : CLUSTER_DEADLINE_MS, .out = &out }, &status, &why) < 0)
		own->nodes[0].why = arena_strdup(&own->arena, why.msg);
	else if (status)
		own->nodes[0].why = arena_printf(&own->arena, "has a limactl that cannot tell what there is (exit status %d): it must be of version %s or newer",
						 status, c->version);
	else
		look_read(c, h, own, out.s, out.len);
}
