#include "providers/clusters/ganeti/shapes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"

#define MIB (1024.0 * 1024)

#define TAG_FLEET "lima:fleet:"
#define TAG_USER "lima:user:"
#define TAG_HOST_KEY "lima:hostkey:"
#define TAG_TOLD "lima:told:"
#define HOST_KEY_TYPE "ssh-ed25519 "

enum { MAX_NAME = 253, MAX_GENERATION_DIGITS = 18 };

/* A name of a node or a machine goes into paths, arguments and onto terminals. */
static bool
ganeti_is_name(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (!n || n > MAX_NAME || !isalnum((unsigned char)*s))
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static bool
ganeti_is_plain(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

/* MiB of an answer, in bytes; 0 for what is no such number. */
static uint64_t
ganeti_mib(const cJSON *v)
{
	double n = cJSON_IsNumber(v) ? v->valuedouble : 0;

	return n > 0 && n < 1e12 ? (uint64_t)(n * MIB) : 0;
}

static int
ganeti_count(const cJSON *v)
{
	return cJSON_IsNumber(v) && v->valuedouble > 0 && v->valuedouble < 1e6 ? (int)v->valuedouble : 0;
}

/* "lima:12:WHAT:VALUE": the value and its generation, or NULL. */
static const char *
ganeti_tag(const char *tag, const char *what, long long *generation)
{
	const char *at = tag + strlen("lima:"), *digits = at;
	size_t n, len = strlen(what);

	if (strncmp(tag, "lima:", strlen("lima:")) != 0 || !ganeti_is_plain(tag))
		return NULL;
	n = strspn(digits, "0123456789");
	if (!n || n > MAX_GENERATION_DIGITS || digits[n] != ':' || strncmp(digits + n + 1, what, len) != 0 || digits[n + 1 + len] != ':')
		return NULL;
	*generation = 0;
	for (size_t i = 0; i < n; i++)
		*generation = *generation * 10 + (digits[i] - '0');
	return digits + n + 1 + len + 1;
}

/* The value of the highest generation; of two, the one that sorts first. */
static const char *
ganeti_tagged(const cJSON *tags, const char *what, long long *generation)
{
	const char *best = NULL;
	const cJSON *tag;
	long long g;

	*generation = 0;
	cJSON_ArrayForEach(tag, tags) {
		const char *text = cJSON_GetStringValue(tag), *value = text ? ganeti_tag(text, what, &g) : NULL;

		if (value && (!best || g > *generation || (g == *generation && strcmp(value, best) < 0))) {
			best = value;
			*generation = g;
		}
	}
	return best;
}

/* The value of a tag without a generation. */
static const char *
ganeti_lasting(const cJSON *tags, const char *prefix)
{
	size_t len = strlen(prefix);
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags) {
		const char *text = cJSON_GetStringValue(tag);

		if (text && !strncmp(text, prefix, len) && ganeti_is_plain(text))
			return text + len;
	}
	return "";
}

static void
ganeti_read_tags(const cJSON *tags, struct arena *a, struct cluster_machine *m)
{
	long long of_digest, of_by;
	const char *key = ganeti_tagged(tags, "key", &m->generation), *digest = ganeti_tagged(tags, "digest", &of_digest);
	const char *by = ganeti_tagged(tags, "by", &of_by);

	m->fleet = arena_strdup(a, ganeti_lasting(tags, TAG_FLEET));
	m->told = arena_strdup(a, ganeti_lasting(tags, TAG_TOLD));
	m->key = arena_strdup(a, key ? key : "");
	m->digest = arena_strdup(a, digest && of_digest == m->generation ? digest : "");
	m->by = arena_strdup(a, by && of_by == m->generation ? by : "");
}

/* A value that goes into command lines of ssh, and into files of it; "": it is none such. */
static const char *
ganeti_word_of(struct arena *a, const char *s, const char *also)
{
	size_t n = s ? strlen(s) : 0;

	if (!n || n > MAX_NAME || (!isalnum((unsigned char)*s) && *s != '_'))
		return "";
	for (size_t i = 1; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(also, s[i]))
			return "";
	return arena_strdup(a, s);
}

/* Of a guest that we have told who it is. */
static void
ganeti_read_guest(const cJSON *json, struct arena *a, struct ganeti_instance *out)
{
	const char *key = ganeti_word_of(a, ganeti_lasting(out->tags, TAG_HOST_KEY), "+/=");

	out->user = ganeti_word_of(a, ganeti_lasting(out->tags, TAG_USER), "._-");
	out->host_key = *key ? arena_printf(a, HOST_KEY_TYPE "%s", key) : "";
	out->mac = ganeti_word_of(a, cJSON_GetStringValue(cJSON_GetArrayItem(cjson_get(json, "nic.macs"), 0)), ":");
	out->link = ganeti_word_of(a, cJSON_GetStringValue(cJSON_GetArrayItem(cjson_get(json, "nic.links"), 0)), "._-");
}

bool
ganeti_read_instance(const cJSON *json, struct arena *a, struct ganeti_instance *out)
{
	const char *name = cjson_text(json, "name"), *node = cjson_text(json, "pnode"), *status = cjson_text_or(json, "status", "");
	const cJSON *params = cjson_get(json, "beparams");
	bool runs = !strcmp(status, "running");

	if (!ganeti_is_name(name) || !ganeti_is_name(node))
		return false;
	*out = (struct ganeti_instance){
		.machine = { .name = arena_strdup(a, name), .node = arena_strdup(a, node), .status = MACHINE_IS_BROKEN },
		.known = strcmp(status, "ERROR_nodedown") != 0,
		.off = !strcmp(status, "ERROR_nodeoffline"),
		.cpus = ganeti_count(cjson_get(params, "vcpus")),
		.memory = ganeti_mib(cjson_get(params, "maxmem")),
		.running_memory = runs ? ganeti_mib(cjson_get(json, "oper_ram")) : 0,
		.disk = ganeti_mib(cJSON_GetArrayItem(cjson_get(json, "disk.sizes"), 0)),
		.image_digest = arena_strdup(a, cjson_text_or(cjson_get(json, "osparams"), "digest", "")),
		.tags = cjson_get(json, "tags"),
	};
	if (runs)
		out->machine.status = MACHINE_IS_RUNNING;
	else if (!strcmp(status, "ADMIN_down") || !strcmp(status, "USER_down"))
		out->machine.status = MACHINE_IS_STOPPED;
	out->machine.memory = out->memory;
	ganeti_read_tags(out->tags, a, &out->machine);
	ganeti_read_guest(json, a, out);
	return true;
}

/* Tags of a node are labels: "rack:3". */
static void
ganeti_read_labels(const cJSON *tags, struct arena *a, struct cluster_node *node)
{
	struct engine_label *labels = arena_alloc(a, ((size_t)cJSON_GetArraySize(tags) + 1) * sizeof *labels);
	const cJSON *tag;

	cJSON_ArrayForEach(tag, tags) {
		const char *text = cJSON_GetStringValue(tag), *colon = text ? strchr(text, ':') : NULL;

		if (!colon || !ganeti_is_plain(text))
			continue;
		labels[node->nlabels++] = (struct engine_label){ arena_memdup(a, text, (size_t)(colon - text)), arena_strdup(a, colon + 1) };
	}
	node->labels = labels;
}

/* When somebody has said so is when the node was changed last. */
static const char *
ganeti_since(const cJSON *json, struct arena *a)
{
	const cJSON *mtime = cjson_get(json, "mtime");
	time_t at = cJSON_IsNumber(mtime) && mtime->valuedouble > 0 && mtime->valuedouble < 1e11 ? (time_t)mtime->valuedouble : 0;
	char text[32];
	struct tm tm;

	if (!at || !localtime_r(&at, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
		return "on an offline node";
	return arena_printf(a, "on an offline node since %s", text);
}

void
ganeti_read_nodes(const cJSON *json, struct cluster_view *v)
{
	size_t n = cJSON_IsArray(json) ? (size_t)cJSON_GetArraySize(json) : 0;
	const cJSON *one;

	v->nodes = arena_alloc(&v->arena, (n + 1) * sizeof *v->nodes);
	v->lost = arena_alloc(&v->arena, (n + 1) * sizeof *v->lost);
	cJSON_ArrayForEach(one, json) {
		struct cluster_node *node = &v->nodes[v->nnodes];
		const char *name = cjson_text(one, "name");
		bool silent = !cJSON_IsNumber(cjson_get(one, "mfree"));

		if (!cJSON_IsArray(json) || !ganeti_is_name(name))
			continue;
		if (cjson_is_true(one, "offline")) {
			v->lost[v->nlost++] = (struct cluster_node){ .name = arena_strdup(&v->arena, name), .why = ganeti_since(one, &v->arena), .version = "" };
			continue;
		}
		*node = (struct cluster_node){
			.name = arena_strdup(&v->arena, name),
			.answers = !silent,
			.why = silent ? "does not answer" : "",
			.version = "",
			.memory = ganeti_mib(cjson_get(one, "mtotal")),
			.memory_free = ganeti_mib(cjson_get(one, "mfree")),
			.disk_free = ganeti_mib(cjson_get(one, "dfree")),
		};
		ganeti_read_labels(cjson_get(one, "tags"), &v->arena, node);
		v->nnodes++;
	}
}

static int
ganeti_compare(const void *x, const void *y)
{
	const struct cluster_machine *a = x, *b = y;
	int by_node = strcmp(a->node, b->node);

	return by_node ? by_node : strcmp(a->name, b->name);
}

void
ganeti_read_instances(const cJSON *json, struct cluster_view *v)
{
	size_t n = cJSON_IsArray(json) ? (size_t)cJSON_GetArraySize(json) : 0;
	struct ganeti_instance i;
	const cJSON *one;

	v->machines = arena_alloc(&v->arena, (n + 1) * sizeof *v->machines);
	if (!n)
		return;
	cJSON_ArrayForEach(one, json) {
		const struct cluster_node *node;

		if (!ganeti_read_instance(one, &v->arena, &i) || !i.known)
			continue;
		node = cluster_view_node(v, i.machine.node);
		/* Of a node that was marked offline somebody has said that it is dead: its machines run nowhere. */
		for (size_t k = 0; i.off && k < v->nlost; k++)
			if (!strcmp(v->lost[k].name, i.machine.node))
				i.machine.off = v->lost[k].why;
		if (i.off || (node && node->answers))
			v->machines[v->nmachines++] = i.machine;
	}
	if (v->nmachines)
		qsort(v->machines, v->nmachines, sizeof *v->machines, ganeti_compare);
}

/* What Ganeti's tags may have in them is less than an address may. */
static void
ganeti_add_tag(cJSON *tags, const char *prefix, const char *value)
{
	enum { MAX_TAG = 128 };
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, prefix);
	for (const char *s = value; *s && b.len < MAX_TAG; s++)
		buf_addc(&b, isalnum((unsigned char)*s) || strchr(".+*/:@-_", *s) ? *s : '-');
	cJSON_AddItemToArray(tags, cJSON_CreateString(b.s));
}

cJSON *
ganeti_tags_new(const struct cluster_job *job)
{
	const struct { const char *what, *value; } notes[] = { { "digest", job->digest }, { "key", job->key }, { "by", job->by } };
	cJSON *tags = cJSON_CreateArray();

	ganeti_add_tag(tags, TAG_FLEET, job->fleet);
	if (job->told && !strncmp(job->told->host_key, HOST_KEY_TYPE, sizeof HOST_KEY_TYPE - 1)) {
		ganeti_add_tag(tags, TAG_USER, job->told->user);
		ganeti_add_tag(tags, TAG_HOST_KEY, job->told->host_key + sizeof HOST_KEY_TYPE - 1);
		ganeti_add_tag(tags, TAG_TOLD, job->told->digest);
	}
	for (size_t i = 0; i < ARRAY_LEN(notes); i++) {
		auto_free char *prefix = xasprintf("lima:%lld:%s:", job->generation, notes[i].what);

		ganeti_add_tag(tags, prefix, notes[i].value ? notes[i].value : "");
	}
	return tags;
}

cJSON *
ganeti_tags_old(const struct ganeti_instance *i, const struct cluster_job *job)
{
	cJSON *old = cJSON_CreateArray();
	const cJSON *tag;
	long long g;

	cJSON_ArrayForEach(tag, i->tags) {
		const char *text = cJSON_GetStringValue(tag);

		if (text && (ganeti_tag(text, "digest", &g) || ganeti_tag(text, "key", &g) || ganeti_tag(text, "by", &g)) && g < job->generation)
			cJSON_AddItemToArray(old, cJSON_CreateString(text));
	}
	return old;
}

bool
ganeti_tags_won(const struct ganeti_instance *i, const struct cluster_job *job)
{
	const struct cluster_machine *m = &i->machine;

	if (m->generation != job->generation || strcmp(m->fleet, job->fleet) != 0)
		return false;
	/* A run that was killed has made it, perhaps on another node than this one would: the key has the node in it, the wish has not. */
	return !strcmp(m->key, job->key) || (!job->expects && job->verb != CLUSTER_REMOVE && *m->digest && !strcmp(m->digest, job->digest));
}

bool
ganeti_link_local(const char *mac, char out[40])
{
	unsigned b[6];
	int used = 0;

	if (sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used) != 6 || mac[used])
		return false;
	snprintf(out, 40, "fe80::%x:%x:%x:%x", (b[0] ^ 2) << 8 | b[1], b[2] << 8 | 0xff, 0xfe00 | b[3], b[4] << 8 | b[5]);
	return true;
}
