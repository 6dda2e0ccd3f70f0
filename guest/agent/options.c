#include "guest/agent/options.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"

#define DAY_US 86400000000ull

/* Digits with or without a fraction, as thousandths; NULL: none */
static const char *
agent_options_thousandths(const char *p, uint64_t *out)
{
	const char *start = p;
	uint64_t v = 0, scale = 1000;

	for (; *p >= '0' && *p <= '9' && v < UINT32_MAX; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	v *= 1000;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++)
			v += (scale /= 10) * (uint64_t)(*p - '0');
	*out = v;
	return p == start || *start == '.' ? NULL : p;
}

int
date_duration_parse(const char *text, unsigned *ms, struct error *err)
{
	static const struct {
		const char *unit;
		uint64_t us;
	} units[] = { { "ms", 1000 }, { "us", 1 }, { "s", 1000000 }, { "m", 60000000 }, { "h", 3600000000 } };
	const char *p = text;
	uint64_t sum = 0, v;

	while (p && *p && (p = agent_options_thousandths(p, &v))) {
		size_t u = 0;

		while (u < ARRAY_LEN(units) && strncmp(p, units[u].unit, strlen(units[u].unit)) != 0)
			u++;
		if (u == ARRAY_LEN(units) || v > DAY_US * 1000 / units[u].us) {
			p = NULL;
		} else {
			sum += v * units[u].us / 1000;
			p += strlen(units[u].unit);
		}
	}
	if (!*text || !p || sum > DAY_US)
		return error_set(err, EINVAL, "\"%s\" is not a duration of at most a day", text);
	*ms = (unsigned)(sum / 1000);
	return 0;
}

static int
set_number(unsigned *out, const char *text, struct error *err)
{
	unsigned long v;
	char *end;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v > 0xffffffff)
		return error_set(err, EINVAL, "\"%s\" is not a number", text);
	*out = (unsigned)v;
	return 0;
}

static int
set_bool(bool *out, const char *text, struct error *err)
{
	static const char *const words[2][6] = {
		{ "0", "f", "F", "false", "False", "FALSE" }, { "1", "t", "T", "true", "True", "TRUE" },
	};

	for (int v = 0; v < 2; v++)
		for (size_t i = 0; i < ARRAY_LEN(words[v]); i++)
			if (!strcmp(text, words[v][i])) {
				*out = v;
				return 0;
			}
	return error_set(err, EINVAL, "\"%s\" is neither true nor false", text);
}

static int
agent_options_set(const struct option *o, const char *text, struct error *err)
{
	switch (o->kind) {
	case OPTION_BOOL:
		return set_bool(o->value, text, err);
	case OPTION_NUMBER:
		return set_number(o->value, text, err);
	case OPTION_DURATION:
		return date_duration_parse(text, o->value, err);
	case OPTION_TEXT:
		*(const char **)o->value = text;
		return 0;
	}
	return -1;
}

static const struct option *
agent_options_find(const struct option *options, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(options[i].name) == len && !memcmp(options[i].name, name, len))
			return &options[i];
	return NULL;
}

int
options_parse(char **argv, const struct option *options, size_t n, struct error *err)
{
	for (char **a = argv + 1; *a; a++) {
		const char *name = *a, *value = strchr(name, '=');
		const struct option *o;
		size_t len;

		if (strncmp(name, "--", 2) != 0)
			return error_set(err, EINVAL, "unexpected argument \"%s\"", name);
		name += 2;
		len = value ? (size_t)(value - name) : strlen(name);
		o = agent_options_find(options, n, name, len);
		if (!o)
			return error_set(err, EINVAL, "unknown flag: --%.*s", (int)len, name);
		if (value)
			value++;
		else if (o->kind == OPTION_BOOL)
			value = "true";
		else if (!(value = *++a))
			return error_set(err, EINVAL, "flag needs an argument: --%s", o->name);
		if (agent_options_set(o, value, err) < 0)
			return error_wrap(err, "--%s", o->name);
	}
	return 0;
}
