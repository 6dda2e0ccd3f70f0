#include "cli/args/flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/quote/quote.h"
#include "cli/args/values.h"

const char *
flag_type_name(const struct flag *f)
{
	static const char *const names[] = {
		[FLAG_BOOL] = "", [FLAG_INT] = "int", [FLAG_FLOAT] = "float32", [FLAG_STRING] = "string",
		[FLAG_STRINGS] = "strings", [FLAG_ARRAY] = "stringArray", [FLAG_DURATION] = "duration",
		[FLAG_PORT] = "uint16", [FLAG_IPS] = "ipSlice", [FLAG_PAIRS] = "stringToString",
	};

	return names[f->type];
}

void
flag_values_release(struct flag_values *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].list);
	free(f->v);
	arena_release(&f->arena);
	*f = (struct flag_values){ 0 };
}

struct flag_value *
flags_long(const struct flag_values *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->n; i++)
		if (strncmp(f->v[i].flag->name, name, len) == 0 && f->v[i].flag->name[len] == '\0')
			return &f->v[i];
	return NULL;
}

struct flag_value *
flags_short(const struct flag_values *f, char letter)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].flag->letter == letter)
			return &f->v[i];
	return NULL;
}

/* One value from text; NULL, or what is wrong with it, in the arena. */
static const char *
flags_convert(struct flag_values *f, struct flag_value *v, const char *text)
{
	AUTO(error_text) why = { 0 };

	switch (v->flag->type) {
	case FLAG_BOOL:
		value_bool(text, &v->b, &why);
		break;
	case FLAG_INT:
		value_int(text, &v->i, &why);
		break;
	case FLAG_PORT:
		value_uint(text, 16, &v->i, &why);
		break;
	case FLAG_FLOAT:
		value_float(text, &v->d, &why);
		break;
	case FLAG_DURATION:
		value_duration(text, &v->i, &why);
		break;
	case FLAG_STRING:
		break;
	case FLAG_ARRAY:
		GROW(v->list, v->n, v->cap);
		v->list[v->n++] = arena_strdup(&f->arena, text);
		break;
	case FLAG_STRINGS:
	case FLAG_IPS:
	case FLAG_PAIRS: {
		size_t first = v->n;

		value_csv(text, &f->arena, &v->list, &v->n, &v->cap, &why);
		for (size_t i = first; !why.text && i < v->n; i++) {
			if (v->flag->type == FLAG_IPS)
				value_ip(v->list[i], &why);
			else if (v->flag->type == FLAG_PAIRS && !strchr(v->list[i], '='))
				why.text = xasprintf("%s must be formatted as key=value", v->list[i]);
		}
		break;
	}
	}
	v->s = text;
	return why.text ? arena_strdup(&f->arena, why.text) : NULL;
}

void
flags_add(struct flag_values *f, const struct flag *table)
{
	for (const struct flag *d = table; d && d->name; d++) {
		struct flag_value *v;

		if (d->include) {
			flags_add(f, d->include);
			continue;
		}
		if (flags_long(f, d->name, strlen(d->name)))
			continue;
		GROW(f->v, f->n, f->cap);
		v = &f->v[f->n++];
		*v = (struct flag_value){ .flag = d, .s = "" };
		if (d->def)
			(void)flags_convert(f, v, d->def);
		v->n = 0;	/* lists have no defaults */
	}
}

static int
flags_set(struct flag_values *f, struct flag_value *v, const char *text, struct error *err)
{
	const char *why = flags_convert(f, v, text);
	AUTO(buf) name = BUF_INIT;
	AUTO(buf) value = BUF_INIT;

	if (!why) {
		v->given = true;
		return 0;
	}
	if (v->flag->letter)
		buf_addf(&name, "-%c, ", v->flag->letter);
	buf_addf(&name, "--%s", v->flag->name);
	quote_go(&value, text);
	return error_set(err, ERR_INVALID, "invalid argument %s for \"%s\" flag: %s", value.s, name.s, why);
}

static int
flags_unknown(const struct flag_values *f, const char *name, size_t len, struct error *err)
{
	struct nearest near = nearest_begin(name, len);
	AUTO(arena) a = { 0 };
	const char *meant;

	for (size_t i = 0; i < f->n; i++)
		if (!(f->v[i].flag->how & FLAG_HIDDEN))
			nearest_offer(&near, f->v[i].flag->name, strlen(f->v[i].flag->name));
	meant = nearest_found(&near, &a);
	error_set(err, ERR_INVALID, "unknown flag: --%.*s", (int)len, name);
	return meant ? error_hint(err, " (did you mean --%s?)", meant) : -1;
}

/* --name, --name=value: takes the next word (advancing *i) where it must. */
static int
long_flag(struct flag_values *f, char **words, int n, int *i, struct error *err)
{
	const char *name = words[*i] + 2;
	size_t len = strcspn(name, "=");
	struct flag_value *v;

	if (len == 0 || name[0] == '-')
		return error_set(err, ERR_INVALID, "bad flag syntax: %s", words[*i]);
	v = flags_long(f, name, len);
	if (!v)
		return flags_unknown(f, name, len, err);
	if (name[len] == '=')
		return flags_set(f, v, name + len + 1, err);
	if (v->flag->type == FLAG_BOOL)
		return flags_set(f, v, "true", err);
	if (*i + 1 >= n)
		return error_set(err, ERR_INVALID, "flag needs an argument: --%s", name);
	return flags_set(f, v, words[++*i], err);
}

/* -n value, -nvalue, -n=value, -abc */
static int
short_flags(struct flag_values *f, char **words, int n, int *i, struct error *err)
{
	const char *cluster = words[*i] + 1;

	for (const char *p = cluster; *p; p++) {
		struct flag_value *v = flags_short(f, *p);

		if (!v)
			return error_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in -%s", *p, cluster);
		if (p[1] == '=' && p[2])
			return flags_set(f, v, p + 2, err);
		if (v->flag->type == FLAG_BOOL) {
			if (flags_set(f, v, "true", err) < 0)
				return -1;
			continue;
		}
		if (p[1])
			return flags_set(f, v, p + 1, err);
		if (*i + 1 >= n)
			return error_set(err, ERR_INVALID, "flag needs an argument: '%c' in -%s", *p, cluster);
		return flags_set(f, v, words[++*i], err);
	}
	return 0;
}

int
flags_parse(struct flag_values *f, char **words, int n, bool stop_at_first_arg,
	    int *nargs, int *dash_at, struct error *err)
{
	int kept = 0, i;

	*dash_at = -1;
	for (i = 0; i < n; i++) {
		char *w = words[i];

		if (w[0] != '-' || w[1] == '\0') {
			if (stop_at_first_arg)
				break;
			words[kept++] = w;
		} else if (strcmp(w, "--") == 0) {
			*dash_at = kept;
			i++;
			break;
		} else if ((w[1] == '-' ? long_flag : short_flags)(f, words, n, &i, err) < 0) {
			return -1;
		}
	}
	while (i < n)
		words[kept++] = words[i++];
	words[kept] = NULL;
	*nargs = kept;
	return 0;
}

int
flags_required(const struct flag_values *f, struct error *err)
{
	AUTO(buf) names = BUF_INIT;

	for (size_t i = 0; i < f->n; i++)
		if ((f->v[i].flag->how & FLAG_REQUIRED) && !f->v[i].given)
			buf_addf(&names, "%s\"%s\"", names.len ? ", " : "", f->v[i].flag->name);
	return names.len ? error_set(err, ERR_INVALID, "required flag(s) %s not set", names.s) : 0;
}

bool
flags_eats_next(const struct flag_values *f, const char *word)
{
	const struct flag_value *v;

	if (word[0] != '-' || word[1] == '\0' || strchr(word, '='))
		return false;
	if (word[1] == '-')
		v = flags_long(f, word + 2, strlen(word + 2));
	else if (word[2])
		return false;
	else
		v = flags_short(f, word[1]);
	return !v || v->flag->type != FLAG_BOOL;
}

/* --- what commands ask --- */

static const struct flag_value *
flags_get(const struct cli *c, const char *name)
{
	static const struct flag_value none = { .s = "" };
	const struct flag_value *v = flags_long(c->values, name, strlen(name));

	return v ? v : &none;
}

bool
cli_given(const struct cli *c, const char *flag)
{
	return flags_get(c, flag)->given;
}

bool
cli_bool(const struct cli *c, const char *flag)
{
	return flags_get(c, flag)->b;
}

long long
cli_int(const struct cli *c, const char *flag)
{
	return flags_get(c, flag)->i;
}

double
cli_float(const struct cli *c, const char *flag)
{
	return flags_get(c, flag)->d;
}

const char *
cli_str(const struct cli *c, const char *flag)
{
	return flags_get(c, flag)->s;
}

char *const *
cli_list(const struct cli *c, const char *flag, size_t *n)
{
	const struct flag_value *v = flags_get(c, flag);

	*n = v->n;
	return v->list;
}
