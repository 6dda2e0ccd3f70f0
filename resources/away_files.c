#include "resources/away_files.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "providers/cluster.h"

enum { AWAY_MAX = 1 << 20, HOSTS_MAX = 10000 };

static char *
member_path(const char *home, const char *name)
{
	return xasprintf("%s/" CLUSTER_FOLDER "/%s.member", home, name);
}

static const char *
away_text(struct arena *a, const cJSON *o, const char *name)
{
	return arena_strdup(a, cjson_text_or(o, name, ""));
}

int
away_member_read(const char *home, const char *name, struct arena *a, struct away_member *out, struct error *err)
{
	auto_free char *path = member_path(home, name);
	AUTO(buf) text = BUF_INIT;
	cJSON *o;

	if (fs_read_if(path, &text, AWAY_MAX, err) < 0)
		return -1;
	o = cJSON_ParseWithLength(text.s, text.len);
	*out = (struct away_member){ away_text(a, o, "fleet"), away_text(a, o, "node"), away_text(a, o, "key"), away_text(a, o, "id") };
	cJSON_Delete(o);
	return 0;
}

static int
away_write(const char *home, const char *path, const struct buf *text, struct error *err)
{
	auto_free char *folder = xasprintf("%s/" CLUSTER_FOLDER, home);

	return fs_mkdirs(folder, 0700, err) < 0 ? -1 : fs_write(path, text->s, text->len, 0600, err);
}

int
away_member_write(const char *home, const char *name, const struct away_member *m, struct error *err)
{
	auto_free char *path = member_path(home, name);
	AUTO(buf) b = BUF_INIT;

	buf_addc(&b, '{');
	quote_json_member(&b, "fleet", m->fleet);
	quote_json_member(&b, "node", m->node);
	quote_json_member(&b, "key", m->key);
	quote_json_member(&b, "id", m->id);
	buf_adds(&b, "}\n");
	return away_write(home, path, &b, err);
}

int
away_member_remove(const char *home, const char *name, struct error *err)
{
	auto_free char *path = member_path(home, name);

	return fs_unlink(path, err);
}

/* --- the engine --- */

static void
engine_host_text(const struct engine_host *h, struct buf *out)
{
	buf_addc(out, '{');
	quote_json_member(out, "name", h->name);
	quote_json_member(out, "user", h->user);
	quote_json_member(out, "address", h->address);
	buf_addf(out, ",\"port\":%d,\"memory\":%llu", h->port, (unsigned long long)h->memory);
	quote_json_member(out, "hostKey", h->host_key);
	buf_adds(out, ",\"labels\":{");
	for (size_t i = 0; i < h->nlabels; i++)
		quote_json_member(out, h->labels[i].name, h->labels[i].value);
	buf_adds(out, "}}");
}

void
away_engine_text(const struct engine_conf *conf, struct buf *out)
{
	const struct { const char *key, *value; } words[] = {
		{ "type", conf->type }, { "fleet", conf->fleet }, { "url", conf->url }, { "userEnv", conf->user_env }, { "passwordEnv", conf->password_env },
		{ "caFile", conf->ca_file }, { "sshUser", conf->ssh_user },
	};

	buf_addc(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		quote_json_member(out, words[i].key, words[i].value ? words[i].value : "");
	buf_adds(out, ",\"hosts\":[");
	for (size_t i = 0; i < conf->nhosts; i++) {
		if (i)
			buf_addc(out, ',');
		engine_host_text(&conf->hosts[i], out);
	}
	buf_adds(out, "]}\n");
}

static struct engine_host
engine_host_parse(const cJSON *o, struct arena *a)
{
	const cJSON *labels = cjson_get(o, "labels"), *port = cjson_get(o, "port"), *memory = cjson_get(o, "memory"), *l;
	struct engine_label *v = arena_alloc(a, ((size_t)cJSON_GetArraySize(labels) + 1) * sizeof *v);
	struct engine_host h = {
		.name = away_text(a, o, "name"), .user = away_text(a, o, "user"), .address = away_text(a, o, "address"), .host_key = away_text(a, o, "hostKey"),
		.port = cJSON_IsNumber(port) ? port->valueint : 0, .memory = cJSON_IsNumber(memory) ? (uint64_t)memory->valuedouble : 0, .labels = v,
	};

	cJSON_ArrayForEach(l, labels)
		if (cJSON_IsString(l) && l->string)
			v[h.nlabels++] = (struct engine_label){ arena_strdup(a, l->string), arena_strdup(a, l->valuestring) };
	return h;
}

bool
away_engine_parse(const char *text, size_t len, struct arena *a, struct engine_conf *out)
{
	cJSON *o = cJSON_ParseWithLength(text, len);
	const cJSON *hosts = cjson_get(o, "hosts"), *h;
	int n = cJSON_IsArray(hosts) ? cJSON_GetArraySize(hosts) : 0;
	struct engine_host *v = arena_alloc(a, ((size_t)n + 1) * sizeof *v);

	*out = (struct engine_conf){ .type = away_text(a, o, "type"), .fleet = away_text(a, o, "fleet"), .hosts = v, .url = away_text(a, o, "url"),
				     .user_env = away_text(a, o, "userEnv"), .password_env = away_text(a, o, "passwordEnv"), .ca_file = away_text(a, o, "caFile"), .ssh_user = away_text(a, o, "sshUser") };
	if (n > 0 && n <= HOSTS_MAX)
		cJSON_ArrayForEach(h, hosts)
			v[out->nhosts++] = engine_host_parse(h, a);
	cJSON_Delete(o);
	return *out->type && *out->fleet;
}

char *
away_engine_path(const char *home, const char *fleet)
{
	return xasprintf("%s/" CLUSTER_FOLDER "/%s.engine", home, fleet);
}
