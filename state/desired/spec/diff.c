/* What differs between two filled configurations, key by key. */
#include "state/desired/spec/spec.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/size.h"
#include "base/utf8.h"
#include "state/desired/spec/keys.h"
#include "state/desired/spec/load.h"
#include "state/desired/spec/secrets.h"

enum { MAX_SHOWN = 60 };	/* bytes of a value */

struct diff {
	struct arena *a;
	struct spec_change *v;
	size_t n, cap;
	const cJSON *from, *to;
	struct buf path;
	bool sshfs;		/* folders are mounted over SSH, before and after */
};

/* A short text of one line is shown as it is, another one by its beginning; control characters never reach a terminal. */
static void
diff_show_text(struct buf *b, const char *s)
{
	bool bad = false;
	uint32_t rune;
	size_t n;

	if (!*s)
		buf_adds(b, "\"\"");
	for (; *s; s += n) {
		n = utf8_next(s, &rune, &bad);
		if (b->len + n > MAX_SHOWN || *s == '\n') {
			buf_adds(b, " ...");
			return;
		}
		if (utf8_printable(rune) && rune != 0xfffd)
			buf_add(b, s, n);
		else
			buf_addc(b, '?');
	}
}

/* As it is but for secrets: a text, or JSON. */
static const char *
diff_whole(struct arena *a, const cJSON *v)
{
	AUTO(buf) plain = BUF_INIT;
	char *text;

	if (!v || cJSON_IsNull(v))
		return NULL;
	text = cJSON_IsString(v) ? NULL : cJSON_PrintUnformatted(v);
	secrets_forget_digests(text ? text : cJSON_IsString(v) ? v->valuestring : "", &plain);
	cJSON_free(text);
	return arena_strdup(a, plain.s ? plain.s : "");
}

static const char *
diff_shown(struct arena *a, const char *whole)
{
	AUTO(buf) b = BUF_INIT;

	if (!whole)
		return NULL;
	diff_show_text(&b, whole);
	return arena_strdup(a, b.s);
}

static bool
diff_mode_is(const cJSON *item, const char *modes)
{
	const cJSON *mode = cJSON_GetObjectItemCaseSensitive(item, "mode");

	return cJSON_IsString(mode) && word_in(mode->valuestring, modes);
}

/* The entry of a list that the path leads into. */
static const cJSON *
diff_entry(const struct diff *d, const cJSON *root)
{
	char list[64];
	int index;

	if (sscanf(d->path.s, "%63[a-zA-Z][%d]", list, &index) != 2)
		return NULL;
	return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, list), index);
}

/* What a key costs that is one thing in a script that runs again, and another in one that only a boot can run. */
static enum key_change
diff_cost(const struct diff *d, const struct key *k, const cJSON *have, const cJSON *want)
{
	bool whole = cJSON_IsObject(have ? have : want);

	if (k->boot_modes && (diff_mode_is(whole ? have : diff_entry(d, d->from), k->boot_modes) ||
			      diff_mode_is(whole ? want : diff_entry(d, d->to), k->boot_modes)))
		return CHANGE_BOOT;
	return key_cost(k, d->sshfs);
}

static void
diff_add(struct diff *d, const cJSON *have, const cJSON *want)
{
	const struct key *k = key_find(d->path.s);
	/* A key that is new to the table and has its usual value is no difference. */
	bool usual = k && !(have && want) && key_is_usual(k, have ? have : want);
	enum key_change cost = k && !usual ? diff_cost(d, k, have, want) : CHANGE_NOTE;
	const char *had = diff_whole(d->a, have), *wanted = diff_whole(d->a, want);
	const char *from = diff_shown(d->a, had), *to = diff_shown(d->a, wanted);
	AUTO(buf) path = BUF_INIT;

	/* The two differ only in a part that is not shown. */
	if (from && to && !strcmp(from, to))
		from = strcmp(from, "(secret)") != 0 ? "..." : from, to = strcmp(to, "(secret)") != 0 ? "..." : "(another secret)";
	if (d->n == d->cap) {
		struct spec_change *more = arena_alloc(d->a, (d->cap = d->cap * 2 + 8) * sizeof *more);

		if (d->n)
			memcpy(more, d->v, d->n * sizeof *more);
		d->v = more;
	}
	diff_show_text(&path, d->path.s);
	d->v[d->n++] = (struct spec_change){
		.path = arena_strdup(d->a, path.s), .have = from, .want = to, .cost = key_change_text(cost), .moot = cost == CHANGE_CREATION, .may_be_live = k && !usual && k->flags & KEY_LIVE,
		.cls = !k || usual ? CLASS_NOTHING : cost == CHANGE_BOOT ? CLASS_GUEST_REBOOT : key_class(k, d->sshfs), .had = had, .wanted = wanted,
	};
}

static void diff_compare(struct diff *d, const cJSON *have, const cJSON *want);

static void
compare_item(struct diff *d, int index, const cJSON *have, const cJSON *want)
{
	size_t len = d->path.len;

	buf_addf(&d->path, "[%d]", index);
	diff_compare(d, have, want);
	buf_truncate(&d->path, len);
}

static bool
is_in(const cJSON *item, const cJSON *list)
{
	const cJSON *i;

	cJSON_ArrayForEach(i, list)
		if (cJSON_Compare(i, item, true))
			return true;
	return false;
}

/* Lists of one length are compared item by item; of others, added and removed items are told. */
static void
compare_lists(struct diff *d, const cJSON *have, const cJSON *want)
{
	int n = cJSON_GetArraySize(have), m = cJSON_GetArraySize(want), at = 0;
	const cJSON *i, *k = want ? want->child : NULL;

	if (n == m) {
		for (i = have ? have->child : NULL; i && k; i = i->next, k = k->next)
			compare_item(d, at++, i, k);
		return;
	}
	cJSON_ArrayForEach(i, have) {
		if (!is_in(i, want))
			compare_item(d, at, i, NULL);
		at++;
	}
	at = 0;
	cJSON_ArrayForEach(i, want) {
		if (!is_in(i, have))
			compare_item(d, at, NULL, i);
		at++;
	}
}

static void
compare_member(struct diff *d, const char *name, const cJSON *have, const cJSON *want)
{
	size_t len = d->path.len;

	buf_addf(&d->path, "%s%s", len ? "." : "", name);
	diff_compare(d, have, want);
	buf_truncate(&d->path, len);
}

static void
compare_groups(struct diff *d, const cJSON *have, const cJSON *want)
{
	const cJSON *i;

	cJSON_ArrayForEach(i, have)
		compare_member(d, i->string, i, cJSON_GetObjectItemCaseSensitive(want, i->string));
	cJSON_ArrayForEach(i, want)
		if (!cJSON_GetObjectItemCaseSensitive(have, i->string))
			compare_member(d, i->string, NULL, i);
}

/* 1GiB and 1024MiB */
static bool
same_size(const struct diff *d, const cJSON *have, const cJSON *want)
{
	const struct key *k = cJSON_IsString(have) && cJSON_IsString(want) ? key_find(d->path.s) : NULL;
	uint64_t a, b;

	return k && k->type == KEY_SIZE && size_parse(&a, have->valuestring, NULL) == 0 && size_parse(&b, want->valuestring, NULL) == 0 &&
	       a == b;
}

/* NULL: it is not there, as an empty list or group is not. An item of a list comes and goes whole. */
static void
diff_compare(struct diff *d, const cJSON *have, const cJSON *want)
{
	const cJSON *some = have ? have : want;
	bool item = d->path.len && d->path.s[d->path.len - 1] == ']';

	if (have == want || (have && want && cJSON_Compare(have, want, true)) || same_size(d, have, want))
		return;
	if ((have && want && (have->type & 0xff) != (want->type & 0xff)) || (item && (!have || !want)))
		diff_add(d, have, want);
	else if (cJSON_IsObject(some))
		compare_groups(d, have, want);
	else if (cJSON_IsArray(some))
		compare_lists(d, have, want);
	else
		diff_add(d, have, want);
}

const char *
spec_live_cost(void)
{
	return key_change_text(CHANGE_LIVE);
}

int
spec_diff(struct arena *a, const char *have, const char *want, struct spec_change **v, size_t *n, struct error *err)
{
	struct diff d = { .a = a, .path = BUF_INIT };
	/* any salt will do: it tells equal ones from others, and is not shown */
	auto_free char *had = secrets_masked(have, ""), *wanted = secrets_masked(want, "");
	cJSON *from = cJSON_Parse(had ? had : have), *to = cJSON_Parse(wanted ? wanted : want);
	bool fine = cJSON_IsObject(from) && cJSON_IsObject(to);

	d.from = from;
	d.to = to;
	d.sshfs = json_is_over_ssh(from) && json_is_over_ssh(to);
	if (fine) {
		diff_compare(&d, from, to);
		*v = d.v;
		*n = d.n;
	}
	cJSON_Delete(from);
	cJSON_Delete(to);
	buf_release(&d.path);
	return fine ? 0 : error_set(err, ERR_INVALID, "not a filled configuration");
}
