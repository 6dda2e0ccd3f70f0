/* Template expressions in values, and the check that parameters are used. */
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/gotmpl.h"
#include "base/mem.h"
#include "state/desired/spec/host.h"
#include "state/desired/spec/load.h"
#include "state/desired/template/name.h"

/* --- param: a map of texts, sorted by name */

static bool
param_get(struct arena *a, const void *p, const char *key, struct gotmpl_value *out)
{
	const struct val *v = p;

	(void)a;
	for (size_t i = 0; i < v->npair; i++)
		if (!strcmp(v->pair[i].key, key)) {
			*out = gotmpl_text(v->pair[i].value);
			return true;
		}
	return false;
}

static size_t
param_count(const void *p)
{
	return ((const struct val *)p)->npair;
}

static void
param_at(struct arena *a, const void *p, size_t i, const char **key, struct gotmpl_value *out)
{
	const struct val *v = p;

	(void)a;
	*key = v->pair[i].key;
	*out = gotmpl_text(v->pair[i].value);
}

static struct gotmpl_value
param_value(const struct val *param)
{
	static const struct gotmpl_ops ops = { param_get, param_count, param_at };
	static const struct val none = { .type = KEY_MAP };

	return (struct gotmpl_value){ GOTMPL_MAP, .ops = &ops, .p = param ? param : &none };
}

/* --- data sets */

struct missing {
	struct load *l;
	const struct val *v;
	enum key_expr expr;
};

/* Lists the names that exist beside `path`. */
static const char *
known_names(const struct missing *m, const char *path)
{
	static const char guest[] = "Name Hostname User UID Home Param", host[] = "Name User UID Home Param Dir GlobalTempDir TempDir";
	AUTO(buf) b = BUF_INIT;

	if (strncmp(path, "Param.", 6))
		return m->expr == EXPR_GUEST ? guest : host;
	for (size_t i = 0; m->l->param && i < m->l->param->npair; i++)
		buf_addf(&b, "%sParam.%s", i ? " " : "", m->l->param->pair[i].key);
	return arena_strdup(m->l->a, b.s);
}

/* Upstream prints `<no value>` silently; the text is the same here, with a warning. */
static void
note_missing(void *ctx, const char *path)
{
	struct missing *m = ctx;
	const char *near = nearest_word(m->l->a, path, known_names(m, path));

	diag_warn(m->l, m->v, NULL, "`{{.%s}}` is not defined here, and becomes `<no value>`%s", path,
		near ? arena_printf(m->l->a, " (did you mean `{{.%s}}`?)", near) : "");
}

static struct gotmpl_value
expand_guest_data(struct load *l, struct gotmpl_field room[8])
{
	const struct val *user = val_get(l->root, "user"), *home = val_get(user, "home");
	auto_free char *hostname = name_hostname(l->name);
	size_t n = 0;

	room[n++] = (struct gotmpl_field){ "Hostname", gotmpl_text(arena_strdup(l->a, hostname)) };
	if (home && home->filled)	/* not while it is being expanded itself */
		room[n++] = (struct gotmpl_field){ "Home", gotmpl_text(home->s) };
	room[n++] = (struct gotmpl_field){ "Name", gotmpl_text(l->name) };
	room[n++] = (struct gotmpl_field){ "Param", param_value(l->param) };
	room[n++] = (struct gotmpl_field){ "UID", gotmpl_int(val_i(user, "uid")) };
	room[n++] = (struct gotmpl_field){ "User", gotmpl_text(val_s(user, "name")) };
	room[n] = (struct gotmpl_field){ NULL };
	return gotmpl_fields(room, GOTMPL_MAP);
}

static struct gotmpl_value
host_data(struct load *l, struct gotmpl_field room[12])
{
	const struct host *h = l->host;
	size_t n = 0;

	room[n++] = (struct gotmpl_field){ "Dir", gotmpl_text(l->dir) };
	room[n++] = (struct gotmpl_field){ "GlobalTempDir", gotmpl_text("/tmp") };
	room[n++] = (struct gotmpl_field){ "Home", gotmpl_text(h->home) };
	room[n++] = (struct gotmpl_field){ "Instance", gotmpl_text(l->name) };
	room[n++] = (struct gotmpl_field){ "LimaHome", gotmpl_text(l->opts->home) };
	room[n++] = (struct gotmpl_field){ "Name", gotmpl_text(l->name) };
	room[n++] = (struct gotmpl_field){ "Param", param_value(l->param) };
	room[n++] = (struct gotmpl_field){ "TempDir", gotmpl_text(h->tmp) };
	room[n++] = (struct gotmpl_field){ "UID", gotmpl_text(arena_printf(l->a, "%u", h->host_uid)) };
	room[n++] = (struct gotmpl_field){ "User", gotmpl_text(h->host_user) };
	room[n] = (struct gotmpl_field){ NULL };
	return gotmpl_fields(room, GOTMPL_MAP);
}

void
expand(struct load *l, struct val *v)
{
	struct missing m = { l, v, v->key->expr };
	struct gotmpl_opts opts = { .missing = note_missing, .ctx = &m, .spent = &l->spent };
	struct gotmpl_field room[12];
	struct gotmpl_value data;
	struct error why;
	AUTO(buf) out = BUF_INIT;
	AUTO(arena) made = { 0 };

	if (!strstr(v->s, "{{"))
		return;
	data = v->key->expr == EXPR_GUEST ? expand_guest_data(l, room) : host_data(l, room);
	if (gotmpl_run(&out, &made, v->s, strlen(v->s), &data, &opts, &why) < 0) {
		diag_warn(l, v, NULL, "stays as it is, because it cannot be expanded: %s", why.msg);
		return;
	}
	v->s = strlen(out.s) == out.len ? arena_memdup(l->a, out.s, out.len) : v->s;
}

/* --- are parameters used? One pass over all texts marks those that are. */

struct uses {
	const struct val *param;	/* sorted by name */
	bool *used;
};

static void
expand_mark(struct uses *u, const char *name, size_t len)
{
	size_t lo = 0, hi = u->param->npair;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const char *key = u->param->pair[mid].key;
		int c = strncmp(name, key, len);

		if (!c && key[len])
			c = -1;
		if (!c) {
			u->used[mid] = true;
			return;
		}
		*(c < 0 ? &hi : &lo) = c < 0 ? mid : mid + 1;
	}
}

static size_t
expand_word_len(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* {{ ... .Param.NAME ... }}, and the word PARAM_NAME anywhere */
static void
mark_in(struct uses *u, const char *s)
{
	const char *open, *close, *p;

	for (open = strstr(s, "{{"); open; open = strstr(close, "{{")) {
		close = strstr(open, "}}");
		if (!close)
			break;
		for (p = open; (p = memmem(p, (size_t)(close - p), ".Param.", 7)); p += 7)
			expand_mark(u, p + 7, expand_word_len(p + 7));
	}
	for (p = s; (p = strstr(p, "PARAM_")); p += 6)
		if (p == s || !(isalnum((unsigned char)p[-1]) || p[-1] == '_'))
			expand_mark(u, p + 6, expand_word_len(p + 6));
}

static void
expand_look(struct uses *u, const struct val *v)
{
	if (!v)
		return;
	if (v->type == KEY_TEXT) {
		mark_in(u, v->s);
	} else if (v->type == KEY_LIST) {
		for (size_t i = 0; i < v->n; i++)
			expand_look(u, v->item[i]);
	} else if (v->type == KEY_GROUP) {
		for (size_t i = 0; v->key->sub[i].name; i++)
			if (v->key->sub[i].expr != EXPR_NONE || v->key->sub[i].type > KEY_ANY || !strcmp(v->key->sub[i].name, "permissions"))
				expand_look(u, v->sub[i]);
	}
}

static void
look_into_playbooks(struct uses *u, const struct val *provision)
{
	for (size_t i = 0; provision && i < provision->n; i++) {
		const char *path = val_s(provision->item[i], "playbook");
		AUTO(buf) text = BUF_INIT;
		struct stat st;

		if (*path && stat(path, &st) == 0 && S_ISREG(st.st_mode) && fs_read_if(path, &text, YAML_MAX_TEXT, NULL) == 1)
			mark_in(u, text.s);
	}
}

void
check_params_used(struct load *l, const struct val *root)
{
	static const char *const users[] = { "provision", "probes", "copyToHost", "portForwards", "mounts" };
	struct uses u = { .param = l->param };

	if (!l->param)
		return;
	u.used = arena_alloc(l->a, l->param->npair * sizeof *u.used);
	for (size_t i = 0; i < ARRAY_LEN(users); i++)
		expand_look(&u, val_get(root, users[i]));
	look_into_playbooks(&u, val_get(root, "provision"));
	expand_mark(&u, "internal_netplanOptional", strlen("internal_netplanOptional"));	/* read by the guest's own set-up */
	for (size_t i = 0; i < l->param->npair; i++) {
		const struct val_pair *p = &l->param->pair[i];

		if (!u.used[i])
			diag_error_at(l, l->param, p->key, p->at, "is not used in any provision, probe, copyToHost, portForward or mount "
				    "(as {{.Param.%s}} or PARAM_%s)", p->key, p->key);
	}
}
