/* The engine of a fleet file, which runs the members on other hosts, and where they are to be there. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/engine_conf.h"
#include "base/error.h"
#include "base/size.h"
#include "state/desired/fleet/fleet_file.h"
#include "state/desired/spec/loaded.h"
#include "state/desired/template/name.h"

static const struct engine_label *
engine_labels(struct fleet_reading *r, const struct val *up, size_t *n)
{
	const struct val *map = val_get(up, "labels");
	struct engine_label *v;

	*n = map ? map->npair : 0;
	v = arena_alloc(&r->f->arena, (*n + 1) * sizeof *v);
	for (size_t i = 0; i < *n; i++)
		v[i] = (struct engine_label){ map->pair[i].key, map->pair[i].value };
	return v;
}

/* A word that no option of ssh, and nothing that its configuration expands, can be. */
static bool
engine_is_plain(const char *s, size_t len, const char *also)
{
	if (!len || *s == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(also, s[i]))
			return false;
	return true;
}

bool
fleet_read_ssh(struct arena *a, const char *text, struct engine_host *out)
{
	const char *p = strncmp(text, "ssh://", 6) ? text : text + 6, *at = strrchr(p, '@'), *address = at ? at + 1 : p;
	const char *end = *address == '[' ? strchr(address, ']') : address + strcspn(address, ":");
	char *rest = NULL;
	long port = 0;

	out->user = at ? arena_memdup(a, p, (size_t)(at - p)) : "";
	if (!end || (at && !engine_is_plain(p, (size_t)(at - p), "._-")))
		return false;
	out->address = *address == '[' ? arena_memdup(a, address + 1, (size_t)(end - address - 1)) : arena_memdup(a, address, (size_t)(end - address));
	if (!engine_is_plain(out->address, strlen(out->address), *address == '[' ? ".:" : "._-"))
		return false;
	end += *end == ']';
	if (*end == ':') {
		port = strtol(end + 1, &rest, 10);
		if (!isdigit((unsigned char)end[1]) || *rest || port < 1 || port > 65535)
			return false;
	} else if (*end) {
		return false;
	}
	out->port = (int)port;
	return true;
}

/* "TYPE BASE64", perhaps with a comment behind it, which is left out. */
static bool
engine_read_key(struct arena *a, const char *text, const char **out)
{
	size_t type = strcspn(text, " "), gap = strspn(text + type, " "), key = strcspn(text + type + gap, " ");

	if (!engine_is_plain(text, type, "@.-") || !engine_is_plain(text + type + gap, key, "+/="))
		return false;
	*out = arena_printf(a, "%.*s %.*s", (int)type, text, (int)key, text + type + gap);
	return true;
}

static void
engine_read_host(struct fleet_reading *r, const struct val *v, struct engine_conf *conf, struct engine_host *out)
{
	struct arena *a = &r->f->arena;
	const char *fault = identifier_fault(a, val_s(v, "name"));
	struct error why;

	*out = (struct engine_host){ .name = val_s(v, "name"), .user = "", .address = "", .host_key = "" };
	if (fault)
		diag_error(&r->l, v, "name", "%s", fault);
	for (size_t i = 0; i < conf->nhosts; i++)
		if (!strcmp(conf->hosts[i].name, out->name))
			diag_error(&r->l, v, "name", "another host is called `%s` too", out->name);
	if (!fleet_read_ssh(a, val_s(v, "ssh"), out))
		diag_error(&r->l, v, "ssh", "must be `[USER@]ADDRESS[:PORT]`, got `%s`", val_s(v, "ssh"));
	if (*val_s(v, "hostKey") && !engine_read_key(a, val_s(v, "hostKey"), &out->host_key))
		diag_error(&r->l, v, "hostKey", "must be a public key such as `ssh-ed25519 AAAA...`; `ssh-keyscan` prints it behind the name of the host");
	if (*val_s(v, "memory") && size_parse(&out->memory, val_s(v, "memory"), &why) < 0)
		diag_error(&r->l, v, "memory", "must be a size such as `16GiB`, got `%s`", val_s(v, "memory"));
	out->labels = engine_labels(r, v, &out->nlabels);
}

/* A path of the file is from its own folder, whoever reads it from where. */
static const char *
engine_file(struct fleet_reading *r, const char *path)
{
	const char *slash = strrchr(r->f->home_file, '/');

	if (!*path || *path == '/' || !slash)
		return path;
	return arena_printf(&r->f->arena, "%.*s/%s", (int)(slash - r->f->home_file), r->f->home_file, path);
}

void
fleet_read_engine(struct fleet_reading *r)
{
	const struct val *v = val_get(r->root, "engine"), *hosts = v ? val_get(v, "hosts") : NULL, *auth = v ? val_get(v, "auth") : NULL;
	struct engine_conf *conf;
	struct engine_host *list;

	if (!v || !v->at)
		return;
	conf = arena_alloc(&r->f->arena, sizeof *conf);
	list = arena_alloc(&r->f->arena, ((hosts ? hosts->n : 0) + 1) * sizeof *list);
	*conf = (struct engine_conf){ .type = val_s(v, "type"), .fleet = r->f->name, .hosts = list, .url = val_s(v, "url"),
				      .user_env = auth ? val_s(auth, "userEnv") : "", .password_env = auth ? val_s(auth, "passwordEnv") : "",
				      .ca_file = engine_file(r, val_s(v, "caFile")), .ssh_user = val_s(v, "sshUser") };
	r->f->engine = conf;
	r->f->engine_place = node_place(v->at);
	if (!*conf->type)
		diag_error(&r->l, v, "type", "must say what runs the members: `hosts` or `ganeti`");
	for (size_t i = 0; hosts && i < hosts->n; i++, conf->nhosts++)
		engine_read_host(r, hosts->item[i], conf, &list[i]);
	if (!strcmp(conf->type, "hosts") && !conf->nhosts)
		diag_error(&r->l, v, "hosts", "must list the hosts, each with `name` and `ssh`");
	if (*conf->ssh_user && !engine_is_plain(conf->ssh_user, strlen(conf->ssh_user), "._-"))
		diag_error(&r->l, v, "sshUser", "must be a user's name, got `%s`", conf->ssh_user);
	if (val_get(r->root, "networks"))
		diag_error(&r->l, r->root, "networks", "a network of a fleet ends at its host, and `engine` has several; take it out, and name a network "
						       "of the hosts in the members that are to be on one");
}

void
fleet_read_placement(struct fleet_reading *r, const struct val *own, struct fleet_placement *out)
{
	const struct val *v = val_get(own, "placement");
	const struct engine_conf *conf = r->f->engine;
	bool known = !v || !*val_s(v, "host") || !conf || strcmp(conf->type, "hosts") != 0;

	out->ignore = !strcmp(val_s(own, "remote"), "ignore");
	if (val_get(own, "remote") && !word_in(val_s(own, "remote"), "error ignore"))
		diag_error(&r->l, own, "remote", "must be `error` or `ignore`, got `%s`", val_s(own, "remote"));
	if (!v || !v->at)
		return;
	if (!conf)
		diag_error(&r->l, own, "placement", "is of a fleet with an `engine`, and this one runs on this host");
	out->host = val_s(v, "host");
	out->group = val_s(v, "group");
	out->spread = val_b(v, "spread");
	out->ephemeral = val_b(v, "ephemeral");
	out->labels = engine_labels(r, v, &out->nlabels);
	for (size_t i = 0; conf && i < conf->nhosts; i++)
		known |= !strcmp(conf->hosts[i].name, out->host);
	if (!known)
		diag_error(&r->l, v, "host", "there is no host `%s` in `engine`", out->host);
}

/* --- what an engine cannot keep */

int
fleet_check_lacks(const struct fleet *f, struct spec *const *specs, const struct fleet_lack *lacks, const struct spec_opts *opts, struct error *err)
{
	AUTO(arena) a = { 0 };
	const struct source src = { .name = f->file, .text = "" };
	struct load l = { .a = &a, .opts = opts, .src = &src, .err = err };
	const char *told = NULL;

	for (size_t i = 0; i < f->nmembers; i++) {
		const struct fleet_member *m = &f->members[i];

		if (m->at.ignore || !specs || !specs[i] || (told && !strcmp(told, m->key)))
			continue;
		for (const struct fleet_lack *k = lacks; k && k->key; k++) {
			const struct val *v = val_get(loaded_of(specs[i])->root, k->key);
			struct text_place where;

			/* a default is nobody's wish */
			while (v && !v->at && v->type == KEY_LIST && v->n)
				v = v->item[0];
			if (!v || !v->at)
				continue;
			where = node_place(v->at);
			told = m->key;
			complain_text(&l, &src, arena_printf(&a, "%s:%u:%u: instances.%s.%s: the engine `%s` cannot keep this: %s; `remote: ignore` in "
									 "the member leaves it out", where.file, where.line, where.col, m->key, k->key,
							     f->engine->type, k->why));
		}
	}
	return report_all(&l);
}
