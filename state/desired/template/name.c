#include "state/desired/template/name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"

static bool
name_is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *
identifier_fault(struct arena *a, const char *s)
{
	size_t len = strlen(s);

	if (!len)
		return "identifier must not be empty";
	if (len > NAME_MAX_LEN)
		return arena_printf(a, "identifier `%s` greater than maximum length (%d characters)", s, NAME_MAX_LEN);
	for (size_t i = 0; i < len; i++) {
		if (name_is_word_char(s[i]))
			continue;
		if (!strchr("._-", s[i]) || i == 0 || !name_is_word_char(s[i - 1]) || i + 1 == len)
			return arena_printf(a, "identifier `%s` must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$ "
					    "(letters and digits, separated by single `.`, `_` or `-`)", s);
	}
	return NULL;
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcasecmp(s + n - m, end);
}

bool
name_is_of_file(const char *name)
{
	return ends_in(name, ".yaml") || ends_in(name, ".yml");
}

int
name_check(const char *name, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *why = identifier_fault(&a, name);

	if (why)
		return error_set(err, ERR_INVALID, "instance name `%s` is not a valid identifier: %s", name, why);
	if (name_is_of_file(name))
		return error_set(err, ERR_INVALID, "instance name `%s` must not end with .yml or .yaml suffix", name);
	return 0;
}

int
name_check_new(const char *name, const char *home, struct error *err)
{
	size_t room = sizeof ((struct sockaddr_un *)0)->sun_path;
	size_t len = strlen(home) + strlen(name) + strlen("//ssh.sock.1234567890123456");

	if (name_check(name, err) < 0)
		return -1;
	if (len >= room)
		return error_set(err, ERR_INVALID, "instance name `%s` too long: %s/%s/ssh.sock.1234567890123456 must be less than "
				 "UNIX_PATH_MAX=%zu characters, but is %zu", name, home, name, room, len);
	return 0;
}

int
name_from_path(char **out, const char *path, struct error *err)
{
	AUTO(arena) a = { 0 };
	const char *slash = strrchr(path, '/'), *why;
	auto_free char *name = xstrdup(slash ? slash + 1 : path);

	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (ends_in(name, ".yml"))
		name[strlen(name) - 4] = '\0';
	if (ends_in(name, ".yaml"))
		name[strlen(name) - 5] = '\0';
	why = identifier_fault(&a, name);
	if (why)
		return error_set(err, ERR_INVALID, "filename `%s` is invalid: %s", path, why);
	*out = steal(name);
	return 0;
}

char *
name_hostname(const char *name)
{
	char *s = xasprintf("lima-%s", name);

	for (char *p = s; *p; p++)
		if (*p == '.' || *p == '_')
			*p = '-';
	return s;
}
