/*
 * Parts of a filled configuration, by what a change of its keys costs: the keys that a running machine is restarted for,
 * those that its host agent is told of, those that are fixed. A row of the table says which; nobody else lists keys.
 */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/size.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/secrets.h"

enum { MAX_VALUE = 60, DIGEST_LEN = 16 };	/* a longer value is told from others by its digest */

struct part_line {
	const char *path, *value;
	size_t npath, nvalue;
	bool usual;		/* what the table has for who says nothing */
};

struct part {
	enum key_change change;
	bool over_ssh;
	const char *arch;
	struct buf path, out;
};

enum key_change
key_cost(const struct key *k, bool over_ssh)
{
	return over_ssh && k->over_ssh ? k->over_ssh : k->change;
}

enum key_change
key_part(const struct key *k, bool over_ssh)
{
	return k->flags & KEY_LIVE ? CHANGE_LIVE : key_cost(k, over_ssh);
}

bool
json_is_over_ssh(const cJSON *json)
{
	return !strcmp(cjson_text_or(json, "mountType", ""), "reverse-sshfs");
}

static void
part_value_add(struct buf *b, const struct key *k, const cJSON *v)
{
	char *text = cJSON_IsString(v) && !strpbrk(v->valuestring, "\n\r") ? NULL : cJSON_PrintUnformatted(v);
	const char *s = text ? text : v->valuestring;
	AUTO(arena) a = { 0 };
	uint64_t bytes;
	char hex[65];

	if (k->type == KEY_SIZE && size_parse(&bytes, s, NULL) == 0)
		s = size_text(&a, bytes);
	if (strlen(s) > MAX_VALUE) {
		sha256_hex(s, strlen(s), hex);
		buf_addf(b, "...%.*s", DIGEST_LEN, hex);
	} else {
		buf_adds(b, s);
	}
	cJSON_free(text);
}

bool
key_is_usual(const struct key *k, const cJSON *v)
{
	AUTO(buf) value = BUF_INIT;

	part_value_add(&value, k, v);
	return k->def && !strcmp(k->def, value.s);
}

/* PATH=VALUE; PATH:=VALUE where that is what the table has for who says nothing */
static void
add_leaf(struct part *p, const cJSON *v)
{
	const struct key *k = key_find(p->path.s);
	AUTO(buf) value = BUF_INIT;

	if (!k || key_part(k, p->over_ssh) != p->change || strpbrk(p->path.s, "=\n"))
		return;
	part_value_add(&value, k, v);
	buf_addf(&p->out, "%s%s=%s\n", p->path.s, key_is_usual(k, v) ? ":" : "", value.s);
}

/* An item for another architecture does not concern this machine. */
static bool
is_for_other(const struct part *p, const cJSON *item)
{
	const char *arch = cjson_text(item, "arch");

	return p->arch && arch && strcmp(arch, p->arch) != 0;
}

static void
add_all(struct part *p, const cJSON *v)
{
	size_t len = p->path.len;
	int index = 0;
	const cJSON *i;

	if (!cJSON_IsObject(v) && !cJSON_IsArray(v)) {
		if (len)
			add_leaf(p, v);
		return;
	}
	cJSON_ArrayForEach(i, v) {
		if (cJSON_IsArray(v))
			buf_addf(&p->path, "[%d]", index++);
		else
			buf_addf(&p->path, "%s%s", len ? "." : "", i->string);
		if (!cJSON_IsArray(v) || !is_for_other(p, i))
			add_all(p, i);
		buf_truncate(&p->path, len);
	}
}

const char *
spec_part(struct arena *a, const char *json, enum spec_part part)
{
	static const enum key_change change[] = {
		[SPEC_MACHINE] = CHANGE_RESTART, [SPEC_AGENT] = CHANGE_AGENT, [SPEC_FIXED] = CHANGE_REFUSED,
	};
	auto_free char *masked = secrets_masked(json, "");
	cJSON *root = cJSON_Parse(masked ? masked : json);
	struct part p = { .change = change[part], .over_ssh = json_is_over_ssh(root), .path = BUF_INIT, .out = BUF_INIT };
	const char *lines;

	p.arch = cjson_text(root, "arch");
	add_all(&p, root);
	lines = arena_strdup(a, p.out.s);
	cJSON_Delete(root);
	buf_release(&p.path);
	buf_release(&p.out);
	return lines;
}

/* Does a line begin at `at`? Its parts, and where the next one begins. */
static bool
next_line(const char **at, struct part_line *out)
{
	const char *end = strchr(*at, '\n'), *eq = strchr(*at, '=');

	if (!end || !eq || eq > end)
		return false;
	*out = (struct part_line){ .path = *at, .value = eq + 1, .nvalue = (size_t)(end - eq - 1) };
	out->usual = eq > *at && eq[-1] == ':';
	out->npath = (size_t)(eq - *at) - out->usual;
	*at = end + 1;
	return true;
}

static bool
find_line(const char *lines, const struct part_line *of, struct part_line *out)
{
	while (next_line(&lines, out))
		if (out->npath == of->npath && !memcmp(out->path, of->path, of->npath))
			return true;
	return false;
}

static const char *
part_shown(struct arena *a, const struct part_line *line)
{
	const char *value = arena_printf(a, "%.*s", (int)line->nvalue, line->value);
	AUTO(buf) b = BUF_INIT;

	secrets_forget_digests(value, &b);
	return strcmp(b.s, value) ? arena_strdup(a, b.s) : value;
}

/* One key of which there are two lines, or one: `of` is the one that there is. */
static void
give(struct arena *a, spec_part_each *each, void *ctx, const struct part_line *of, const struct part_line *have,
     const struct part_line *want)
{
	each(ctx, arena_printf(a, "%.*s", (int)of->npath, of->path), have ? part_shown(a, have) : NULL, want ? part_shown(a, want) : NULL);
}

/* What an earlier version had in a part, and this one has in none, is no difference of that part. */
static bool
part_has_moved(const struct part_line *line)
{
	AUTO(arena) a = { 0 };
	const struct key *k = key_find(arena_printf(&a, "%.*s", (int)line->npath, line->path));

	return k && k->flags & KEY_LIVE;
}

void
spec_part_diff(const char *have, const char *want, spec_part_each *each, void *ctx)
{
	struct part_line line, other;
	AUTO(arena) a = { 0 };

	for (const char *at = have; next_line(&at, &line);) {
		bool there = find_line(want, &line, &other);

		if (there ? other.nvalue != line.nvalue || memcmp(other.value, line.value, line.nvalue) != 0 : !line.usual && !part_has_moved(&line))
			give(&a, each, ctx, &line, &line, there ? &other : NULL);
	}
	/* A key that is new to the table and has its usual value is no difference. */
	for (const char *at = want; next_line(&at, &line);)
		if (!line.usual && !find_line(have, &line, &other))
			give(&a, each, ctx, &line, NULL, &line);
}

static void
count(void *ctx, const char *path, const char *have, const char *want)
{
	(void)path, (void)have, (void)want;
	++*(size_t *)ctx;
}

bool
spec_part_differs(const char *have, const char *want)
{
	size_t n = 0;

	if (strcmp(have, want) != 0)
		spec_part_diff(have, want, count, &n);
	return n > 0;
}
