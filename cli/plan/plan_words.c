#include "cli/plan/plan_words.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/os/place.h"
#include "cli/args/desired_args.h"
#include "cli/args/flags.h"
#include "cli/cli.h"

/* What may be given beside a plan: what is to be allowed, and what it does not keep. */
static const char *const words_beside[] = { "allow-data-loss", "allow-host-paths", "param", "json" };

static bool
words_is_beside(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(words_beside); i++)
		if (!strcmp(words_beside[i], name))
			return true;
	return false;
}

static bool
words_table_has(const struct flag *table, const struct flag *flag)
{
	for (; table->name; table++)
		if (table->include ? words_table_has(table->include, flag) : table == flag)
			return true;
	return false;
}

/* A value in a list that is split at commas (values.h: value_csv). */
static char *
words_csv(const struct flag *f, const char *value)
{
	AUTO(buf) b = BUF_INIT;

	if ((f->type != FLAG_STRINGS && f->type != FLAG_IPS && f->type != FLAG_PAIRS) || !strpbrk(value, ",\"\r\n"))
		return xstrdup(value);
	buf_addc(&b, '"');
	for (; *value; value++)
		buf_addf(&b, *value == '"' ? "\"%c" : "%c", *value);
	buf_addc(&b, '"');
	return buf_detach(&b);
}

static bool
words_is_secret(const struct cli *c, const char *word)
{
	AUTO(buf) b = BUF_INIT;

	secrets_hide(&c->secrets, word, NULL, &b);
	return strcmp(b.s, word) != 0;
}

/* `--param NAME=VALUE` of a secret one is kept by its name. */
static int
words_keep_value(struct cli *c, cJSON *body, const struct flag *f, const char *value, struct error *err)
{
	const char *eq = strchr(value, '=');
	auto_free char *text = words_csv(f, value), *word = xasprintf("--%s=%s", f->name, text);
	auto_free char *name = NULL;

	if (!words_is_secret(c, eq && !strcmp(f->name, "param") ? eq + 1 : value)) {
		cJSON_AddItemToArray(cjson_get(body, "words"), cJSON_CreateString(word));
		return 0;
	}
	if (strcmp(f->name, "param") != 0 || !eq)
		return error_set(err, ERR_REFUSED, "--out: --%s has a secret value, which a plan does not keep; write it into the file, or give it by --param",
				 f->name);
	name = xstrndup(value, (size_t)(eq - value));
	cJSON_AddItemToArray(cjson_get(body, "secret_params"), cJSON_CreateString(name));
	return 0;
}

static int
words_keep_flag(struct cli *c, cJSON *body, const struct flag_value *v, struct error *err)
{
	bool list = v->flag->type == FLAG_ARRAY || v->flag->type == FLAG_STRINGS || v->flag->type == FLAG_IPS || v->flag->type == FLAG_PAIRS;

	if (!v->given || !words_table_has(desired_flags, v->flag) || !strcmp(v->flag->name, "json"))
		return 0;
	if (!list)
		return words_keep_value(c, body, v->flag, v->s, err);
	for (size_t i = 0; i < v->n; i++)
		if (words_keep_value(c, body, v->flag, v->list[i], err) < 0)
			return -1;
	return 0;
}

int
plan_words_keep(struct cli *c, cJSON *body, struct error *err)
{
	cJSON *words = cJSON_AddArrayToObject(body, "words");
	auto_free char *cwd = getcwd(NULL, 0);

	cJSON_AddArrayToObject(body, "secret_params");
	if (!cwd)
		return error_errno(err, "the folder that this is called in");
	cJSON_AddStringToObject(body, "cwd", cwd);
	for (size_t i = 0; i < c->values->n; i++)
		if (words_keep_flag(c, body, &c->values->v[i], err) < 0)
			return -1;
	cJSON_AddItemToArray(words, cJSON_CreateString("--"));
	for (int i = 0; i < c->nargs; i++) {
		if (!strcmp(c->args[i], "-") || !strncmp(c->args[i], "/dev/", 5))
			return error_set(err, ERR_REFUSED, "--out: what came by %s cannot be read again when the plan is walked; give a file",
					 !strcmp(c->args[i], "-") ? "standard input" : c->args[i]);
		cJSON_AddItemToArray(words, cJSON_CreateString(c->args[i]));
	}
	return 0;
}

/* --- out of it */

static int
words_check_beside(struct cli *c, struct error *err)
{
	for (size_t i = 0; i < c->values->n; i++) {
		const struct flag_value *v = &c->values->v[i];

		if (v->given && words_table_has(desired_flags, v->flag) && !words_is_beside(v->flag->name))
			return error_set(err, ERR_INVALID, "--%s: a plan says already what is wanted; make another one with it", v->flag->name);
	}
	return 0;
}

static int
words_check_params(struct cli *c, const cJSON *names, struct error *err)
{
	size_t n = 0;
	char *const *given = cli_list(c, "param", &n);
	const cJSON *i;

	cJSON_ArrayForEach(i, names) {
		const char *name = cJSON_GetStringValue(i);
		bool there = !name;

		for (size_t k = 0; name && k < n; k++)
			there |= !strncmp(given[k], name, strlen(name)) && given[k][strlen(name)] == '=';
		if (!there)
			return error_set(err, ERR_INVALID, "`%s` is secret, so the plan does not keep it: give --param %s=VALUE again", name, name);
	}
	if (n && cJSON_GetArraySize(names) == 0)
		return error_set(err, ERR_INVALID, "--param: a plan says already what is wanted; make another one with it");
	return 0;
}

/* Is `--NAME=` of a word one of what a plan keeps? A file that was put together by hand may not choose where reports go, or that nobody is asked. */
static bool
words_is_kept(const struct flag *table, const char *word)
{
	for (; table->name; table++) {
		size_t len = strlen(table->name);

		if (table->include ? words_is_kept(table->include, word)
				   : strcmp(table->name, "json") != 0 && !strncmp(word, "--", 2) && !strncmp(word + 2, table->name, len) && word[2 + len] == '=')
			return true;
	}
	return false;
}

/* All of them are texts, what stands before `--` is of a plan, and it is there: without it no words would be an apply of everything. */
static int
words_check(const cJSON *words, struct error *err)
{
	const cJSON *i;

	cJSON_ArrayForEach(i, words) {
		const char *w = cJSON_GetStringValue(i);

		if (!w)
			break;
		if (!strcmp(w, "--"))
			return 0;
		if (!words_is_kept(desired_flags, w))
			return error_set(err, ERR_INVALID, "the words of the plan: `%s` is none that a plan has", w);
	}
	return error_set(err, ERR_INVALID, "the words of the plan: there are none that end with `--`; make it anew");
}

int
plan_words_take(struct cli *c, const cJSON *body, int *back, struct error *err)
{
	const cJSON *words = cjson_get(body, "words"), *w;
	const char *cwd = cjson_text(body, "cwd");
	char **v = arena_alloc(&c->arena, ((size_t)cJSON_GetArraySize(words) + 1) * sizeof *v);
	auto_close int here = -1;
	int n = 0;

	if (words_check(words, err) < 0 || words_check_beside(c, err) < 0 || words_check_params(c, cjson_get(body, "secret_params"), err) < 0)
		return -1;
	cJSON_ArrayForEach(w, words)
		if (cJSON_IsString(w))
			v[n++] = arena_strdup(&c->arena, w->valuestring);
	v[n] = NULL;
	if (flags_parse(c->values, v, n, false, &c->nargs, &c->dash_at, err) < 0)
		return error_wrap(err, "the words of the plan");
	c->args = v;
	v[c->nargs] = NULL;
	here = open(".", os_place_followed | O_DIRECTORY);
	if (here < 0 || !cwd || chdir(cwd) < 0)
		return error_errno(err, "the folder %s, where the plan was made", cwd ? cwd : "?");
	*back = steal_fd(here);
	return 0;
}

int
plan_words_return(int back, struct error *err)
{
	auto_close int fd = back;

	return fd >= 0 && fchdir(fd) < 0 ? error_errno(err, "back to the folder of the call") : 0;
}
