#include "cli/ssh/shell_env.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "base/utf8.h"

const char *const shell_env_blocked[] = {
	"BASH*", "DISPLAY", "DYLD_*", "EUID", "FPATH", "GID", "GROUP", "HOME", "HOSTNAME", "LD_*", "LOGNAME", "OLDPWD",
	"PATH", "PWD", "SHELL", "SHLVL", "SSH_*", "TERM", "TERMINFO", "TMPDIR", "UID", "USER", "XAUTHORITY", "XDG_*",
	"ZDOTDIR", "ZSH*", "_*", NULL,
};

static int
shell_env_check(const char *variable, const char *pattern, struct error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_*";
	size_t ok = strspn(pattern, allowed);
	AUTO(buf) p = BUF_INIT;
	AUTO(buf) c = BUF_INIT;
	char one[5] = "";
	uint32_t rune;
	bool bad;

	if (!pattern[ok])
		return 0;
	memcpy(one, pattern + ok, utf8_next(pattern + ok, &rune, &bad));
	quote_tick(&p, pattern);
	quote_tick(&c, one);
	return error_set(err, ERR_INVALID, "Invalid %s pattern: pattern %s contains invalid character %s at position %zu",
			 variable, p.s, c.s, ok);
}

/* The items of a comma-separated list, without the blanks around them and without empty ones, behind v[0..n). */
static int
add_items(struct arena *a, const char *variable, const char *list, const char **v, size_t n, struct error *err)
{
	for (const char *p = list; *p; p += *p == ',') {
		size_t len;

		p += strspn(p, " \t\n");
		len = strcspn(p, ",");
		if (len) {
			size_t end = len;

			while (end && strchr(" \t\n", p[end - 1]))
				end--;
			v[n] = arena_memdup(a, p, end);
			if (end && shell_env_check(variable, v[n++], err) < 0)
				return -1;
		}
		p += len;
	}
	v[n] = NULL;
	return 0;
}

static size_t
shell_env_room(const char *list)
{
	size_t n = ARRAY_LEN(shell_env_blocked) + 1;

	for (; *list; list++)
		n += *list == ',';
	return n + 1;
}

int
shell_env_lists(struct arena *a, const char *block, const char *allow, struct shell_env *out, struct error *err)
{
	const char *b = block ? block : "", *w = allow ? allow : "";
	struct shell_env e = {
		.block = arena_alloc(a, shell_env_room(b) * sizeof *e.block), .allow = arena_alloc(a, shell_env_room(w) * sizeof *e.allow),
	};
	size_t n = 0;

	if (!*b || *b == '+')
		for (; shell_env_blocked[n]; n++)
			e.block[n] = shell_env_blocked[n];
	if (add_items(a, "LIMA_SHELLENV_ALLOW", w, e.allow, 0, err) < 0 ||
	    add_items(a, "LIMA_SHELLENV_BLOCK", b + (*b == '+'), e.block, n, err) < 0)
		return -1;
	*out = e;
	return 0;
}

/* Greedy with one step back to the last star: linear in the length of the name for each star. */
static bool
shell_env_matches(const char *pattern, const char *name, const char *end)
{
	const char *star = NULL, *from = NULL;

	while (name < end) {
		if (*pattern == '*') {
			star = pattern++;
			from = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool
shell_env_any(const char *const *patterns, const char *name, size_t len)
{
	for (; *patterns; patterns++)
		if (shell_env_matches(*patterns, name, name + len))
			return true;
	return false;
}

bool
shell_env_passes(const struct shell_env *e, const char *name, size_t len)
{
	return shell_env_any(e->allow, name, len) || !shell_env_any(e->block, name, len);
}
