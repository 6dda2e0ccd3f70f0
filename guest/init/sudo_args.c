#include "guest/init/sudo_args.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"

enum action { FLAG, USER, GROUP, DIR_, KEEP, IGNORED, IGNORED_VALUE };

struct option {
	char letter;
	const char *name;
	enum action action;
	size_t flag;			/* offset in struct sudo_args */
};

static const struct option options[] = {
	{ 'i', "login", FLAG, offsetof(struct sudo_args, login) },
	{ 's', "shell", FLAG, offsetof(struct sudo_args, shell) },
	{ 'E', NULL, FLAG, offsetof(struct sudo_args, keep_env) },
	{ 'v', "validate", FLAG, offsetof(struct sudo_args, validate) },
	{ 'k', "reset-timestamp", IGNORED, 0 },
	{ 'K', "remove-timestamp", FLAG, offsetof(struct sudo_args, validate) },
	{ 'l', "list", FLAG, offsetof(struct sudo_args, validate) },
	{ 'h', "help", FLAG, offsetof(struct sudo_args, help) },
	{ 'V', "version", FLAG, offsetof(struct sudo_args, version) },
	{ 'u', "user", USER, 0 },
	{ 'g', "group", GROUP, 0 },
	{ 'D', "chdir", DIR_, 0 },
	{ '\0', "preserve-env", KEEP, 0 },
	{ 'n', "non-interactive", IGNORED, 0 },		/* there is never a question to ask */
	{ 'H', "set-home", IGNORED, 0 },		/* HOME is always the target's */
	{ 'S', "stdin", IGNORED, 0 },
	{ 'b', NULL, IGNORED, 0 },
	{ 'P', "preserve-groups", IGNORED, 0 },
	{ 'A', "askpass", IGNORED, 0 },
	{ 'p', "prompt", IGNORED_VALUE, 0 },
};

static int
sudo_args_apply(const struct option *o, const char *value, struct sudo_args *a)
{
	switch (o->action) {
	case FLAG:
		*(bool *)((char *)a + o->flag) = true;
		break;
	case USER:
		a->user = value;
		break;
	case GROUP:
		a->group = value;
		break;
	case DIR_:
		a->chdir = value;
		break;
	case KEEP:
		if (value)
			a->keep_list = value;
		else
			a->keep_env = true;
		break;
	case IGNORED:
	case IGNORED_VALUE:
		break;
	}
	return 0;
}

static bool
takes_value(const struct option *o)
{
	return o->action == USER || o->action == GROUP || o->action == DIR_ || o->action == IGNORED_VALUE;
}

static int
long_option(char **argv, int *i, struct sudo_args *a, struct error *err)
{
	const char *s = argv[*i] + 2, *eq = strchr(s, '=');
	size_t len = eq ? (size_t)(eq - s) : strlen(s);

	for (size_t k = 0; k < ARRAY_LEN(options); k++) {
		const struct option *o = &options[k];
		const char *value = eq ? eq + 1 : NULL;

		if (!o->name || strlen(o->name) != len || memcmp(o->name, s, len) != 0)
			continue;
		if (value && !takes_value(o) && o->action != KEEP)
			return error_set(err, ERR_INVALID, "--%s takes no value", o->name);
		if (!value && takes_value(o) && !(value = argv[*i + 1]))
			return error_set(err, ERR_INVALID, "--%s needs a value", o->name);
		*i += !eq && takes_value(o);
		return sudo_args_apply(o, value, a);
	}
	return error_set(err, ERR_INVALID, "unknown option --%.*s", (int)len, s);
}

/* "-iu" "USER", "-uUSER", "-nE" */
static int
sudo_args_letters(char **argv, int *i, struct sudo_args *a, struct error *err)
{
	for (const char *s = argv[*i] + 1; *s; s++) {
		const struct option *o = NULL;

		for (size_t k = 0; k < ARRAY_LEN(options) && !o; k++)
			if (options[k].letter == *s)
				o = &options[k];
		if (!o)
			return error_set(err, ERR_INVALID, "unknown option -%c", *s);
		if (!takes_value(o)) {
			sudo_args_apply(o, NULL, a);
			continue;
		}
		if (s[1])
			return sudo_args_apply(o, s + 1, a);
		if (!argv[*i + 1])
			return error_set(err, ERR_INVALID, "-%c needs a value", *s);
		return sudo_args_apply(o, argv[++*i], a);
	}
	return 0;
}

static bool
is_assignment(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return *s == '=';
}

int
sudo_args_parse(int argc, char **argv, struct sudo_args *out, struct error *err)
{
	struct sudo_args a = { .user = "root" };
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if ((argv[i][1] == '-' ? long_option(argv, &i, &a, err) : sudo_args_letters(argv, &i, &a, err)) < 0)
			return -1;
	}
	a.assign = argv + i;
	while (i < argc && is_assignment(argv[i]))
		i++, a.n_assign++;
	a.command = argv + i;
	if (a.login && a.shell)
		return error_set(err, ERR_INVALID, "-i and -s cannot both be given");
	*out = a;
	return 0;
}
