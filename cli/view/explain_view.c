#include "cli/view/explain_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "cli/view/json_index.h"
#include "reconciler/address.h"
#include "reconciler/explain_one.h"
#include "state/observed/state.h"

enum { MAX_TOLD = 20 };

static void
explain_attributes(struct buf *out, const cJSON *list)
{
	const cJSON *i;

	cJSON_ArrayForEach(i, list) {
		const char *have = cjson_text(i, "have"), *want = cjson_text(i, "want"), *cls = cjson_text(i, "class");

		buf_addf(out, "  %s: ", cjson_text(i, "name"));
		if (!have || !want || !strcmp(have, want) || (cls && !strcmp(cls, "nothing")))
			buf_addf(out, "%s%s\n", have ? have : want, have ? "" : " (wanted)");
		else
			buf_addf(out, "%s, wanted: %s (%s)\n", have, want, cls);
	}
}

static const char *
explain_need_text(const char *need)
{
	return !strcmp(need, "build") ? "while it is made" : !strcmp(need, "live") ? "falls with it" : "is remade on any change of it";
}

static void
explain_edges(struct buf *out, const char *title, const cJSON *list, bool users)
{
	const cJSON *i;
	int n = 0;

	cJSON_ArrayForEach(i, list) {
		if (n++ == 0)
			buf_addf(out, "%s:\n", title);
		if (n <= MAX_TOLD)
			buf_addf(out, "  %s%s  (%s)\n", cjson_text(i, "address"), cjson_is_true(i, "present") ? "" : ", not there",
				 users ? explain_need_text(cjson_text(i, "need")) : cjson_text(i, "need"));
	}
	if (n > MAX_TOLD)
		buf_addf(out, "  and %d more\n", n - MAX_TOLD);
}

static void
explain_fate(struct buf *out, const cJSON *o)
{
	const char *action = cjson_text(o, "action"), *cls = cjson_text(o, "class");
	const cJSON *chain = cjson_get(o, "chain"), *i;
	int depth = 1;

	if (!chain) {
		buf_adds(out, "An apply would leave it as it is.\n");
		return;
	}
	buf_addf(out, "An apply would %s it%s%s%s:\n", action, cls ? " (" : "", cls ? cls : "", cls ? ")" : "");
	cJSON_ArrayForEach(i, chain)
		buf_addf(out, "%*s%s: %s\n", 2 * depth++, "", cjson_text(i, "address"), cjson_text(i, "why"));
}

static void
explain_print_text(const struct cli *c, const cJSON *o)
{
	AUTO(buf) out = BUF_INIT, plain = BUF_INIT;
	const char *owner = cjson_text(o, "instance"), *about = cjson_text(o, "about");
	bool there = cjson_is_true(o, "present"), wanted = cjson_is_true(o, "wanted");

	buf_addf(&out, "%s is %s.\n", cjson_text(o, "address"), about ? about : cjson_text(o, "type"));
	buf_addf(&out, "It %s, is %s%s, and %s.\n", owner ? "is an instance's" : "is shared", there ? "there" : "not there", there && !owner && !wanted ? ", and kept" : "",
		 wanted ? "wanted" : "not asked for");
	explain_attributes(&out, cjson_get(o, "attributes"));
	explain_edges(&out, "It needs", cjson_get(o, "needs"), false);
	explain_edges(&out, "It is needed by", cjson_get(o, "needed_by"), true);
	explain_fate(&out, o);
	secrets_hide(&c->secrets, out.s, NULL, &plain);
	cli_print(stdout, plain.s, plain.len);
}

/* Those that the graph does not tell of. One that needs it in two ways comes twice, one right behind the other. */
struct explain_users {
	cJSON *list;
	struct json_index known;	/* made before the first is added */
	char *last;
};

static void
explain_users_release(struct explain_users *u)
{
	json_index_release(&u->known);
	free(u->last);
}

static int
explain_add_user(void *ctx, const struct state_user *u)
{
	struct explain_users *to = ctx;
	auto_free char *address = xasprintf("%s.%s", u->type, u->name);
	cJSON *o;

	if ((!u->declared && !u->made) || (to->last && !strcmp(to->last, address)) || json_index_find(&to->known, address))
		return 0;
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "address", address);
	cJSON_AddStringToObject(o, "need", need_word((u->declared ? u->declared : u->made) - 1));
	cJSON_AddBoolToObject(o, "present", u->present);
	cJSON_AddItemToArray(to->list, o);
	free(to->last);
	to->last = steal(address);
	return 0;
}

/* What needs it of instances that this run is not about. */
static int
explain_add_users(struct state *s, const struct resource *r, cJSON *list, struct error *err)
{
	AUTO(explain_users) u = { .list = list, .known = { .of = list, .member = "address" } };

	return state_users(s, r->type->name, r->name, explain_add_user, &u, err);
}

int
explain_view_print(struct cli *c, const struct run *r, struct engine *e, struct error *err)
{
	const struct resource *res = address_find(&e->graph, r->explains, err);
	cJSON *o;
	char *text;

	if (!res)
		return -1;
	o = explain_one(&e->graph, res);
	if (!*res->owner && explain_add_users(e->state, res, cjson_get(o, "needed_by"), err) < 0) {
		cJSON_Delete(o);
		return -1;
	}
	if (cli_bool(c, "json")) {
		secrets_hide_json(&c->secrets, o, NULL);
		text = cJSON_PrintUnformatted(o);
		cli_print_line(text);
		cJSON_free(text);
	} else {
		explain_print_text(c, o);
	}
	cJSON_Delete(o);
	return 0;
}
