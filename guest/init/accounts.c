#include "guest/init/accounts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"

struct line {
	const char *s;
	size_t len;
};

static bool
accounts_next_line(const char **text, struct line *l)
{
	size_t n = strcspn(*text, "\n");

	if (**text == '\0')
		return false;
	*l = (struct line){ *text, n };
	*text += n + ((*text)[n] == '\n');
	return true;
}

static void
accounts_keep(struct buf *out, const struct line *l)
{
	buf_add(out, l->s, l->len);
	buf_addc(out, '\n');
}

/* Is the line's first field `name`? */
static bool
is_entry(const struct line *l, const char *name)
{
	size_t n = strlen(name);

	return l->len > n && memcmp(l->s, name, n) == 0 && l->s[n] == ':';
}

bool
account_name_ok(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 32 || (!isalpha((unsigned char)*s) && *s != '_'))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
			return false;
	return true;
}

bool
account_path_ok(const char *s)
{
	size_t n = strlen(s);

	if (*s != '/' || n > 1024 || strstr(s, "/../") || (n >= 3 && strcmp(s + n - 3, "/..") == 0))
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == ':')
			return false;
	return true;
}

bool
host_name_ok(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 64 || !isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '-' && *s != '.')
			return false;
	return true;
}

static void
passwd_line(struct buf *out, const struct account *a)
{
	buf_addf(out, "%s:x:%u:%u:", a->name, a->uid, a->gid);
	for (const char *c = a->comment; *c; c++)
		if ((unsigned char)*c >= 0x20 && *c != ':' && *c != 0x7f)
			buf_addc(out, *c);
	buf_addf(out, ":%s:%s\n", a->home, a->shell);
}

void
passwd_set(const char *old, const struct account *a, struct buf *out)
{
	bool done = false;
	struct line l;

	while (accounts_next_line(&old, &l)) {
		if (!is_entry(&l, a->name)) {
			accounts_keep(out, &l);
			continue;
		}
		if (!done)
			passwd_line(out, a);
		done = true;
	}
	if (!done)
		passwd_line(out, a);
}

void
shadow_set(const char *old, const char *name, struct buf *out)
{
	bool done = false;
	struct line l;

	while (accounts_next_line(&old, &l)) {
		accounts_keep(out, &l);
		done |= is_entry(&l, name);
	}
	if (!done)
		buf_addf(out, "%s:*:19000:0:99999:7:::\n", name);
}

/* Behind the n-th colon of the line, or its end. */
static const char *
accounts_field(const struct line *l, int n)
{
	const char *p = l->s, *end = l->s + l->len;

	while (n-- > 0) {
		const char *c = memchr(p, ':', (size_t)(end - p));

		if (!c)
			return end;
		p = c + 1;
	}
	return p;
}

static long
gid_of(const struct line *l)
{
	const char *p = accounts_field(l, 2);

	return p < l->s + l->len && isdigit((unsigned char)*p) ? strtol(p, NULL, 10) : -1;
}

static bool
gid_taken(const char *text, unsigned gid)
{
	struct line l;

	while (accounts_next_line(&text, &l))
		if (gid_of(&l) == (long)gid)
			return true;
	return false;
}

unsigned
group_choose(const char *text, const char *name, unsigned wanted)
{
	const char *t = text;
	struct line l;

	while (accounts_next_line(&t, &l))
		if (is_entry(&l, name) && gid_of(&l) > 0)
			return (unsigned)gid_of(&l);
	for (unsigned next = 1000; gid_taken(text, wanted); next++)
		wanted = next;
	return wanted;
}

void
group_set(const char *old, const char *name, unsigned gid, struct buf *out)
{
	bool done = false;
	struct line l;

	while (accounts_next_line(&old, &l)) {
		const char *members = accounts_field(&l, 3);

		if (!is_entry(&l, name)) {
			accounts_keep(out, &l);
			continue;
		}
		if (!done) {
			buf_addf(out, "%s:x:%u:", name, gid);
			buf_add(out, members, (size_t)(l.s + l.len - members));
			buf_addc(out, '\n');
		}
		done = true;
	}
	if (!done)
		buf_addf(out, "%s:x:%u:\n", name, gid);
}

static void
member_list(struct buf *out, const char *s, const char *end, const char *user, bool in)
{
	size_t n = strlen(user);
	bool first = true;

	while (s < end) {
		const char *c = memchr(s, ',', (size_t)(end - s));
		size_t len = (size_t)((c ? c : end) - s);

		if (len && !(len == n && memcmp(s, user, n) == 0)) {
			buf_adds(out, first ? "" : ",");
			buf_add(out, s, len);
			first = false;
		}
		s += len + 1;
	}
	if (in)
		buf_addf(out, "%s%s", first ? "" : ",", user);
}

void
group_set_member(const char *old, const char *group, const char *user, bool in, struct buf *out)
{
	struct line l;

	while (accounts_next_line(&old, &l)) {
		const char *members = accounts_field(&l, 3);

		if (!is_entry(&l, group)) {
			accounts_keep(out, &l);
			continue;
		}
		buf_add(out, l.s, (size_t)(members - l.s));
		member_list(out, members, l.s + l.len, user, in);
		buf_addc(out, '\n');
	}
}

/* Is one of the names on this line of /etc/hosts `name`? */
static bool
accounts_names_host(const struct line *l, const char *name)
{
	size_t n = strlen(name), at = 0;

	while (at < l->len) {
		size_t w = 0;

		while (at < l->len && isspace((unsigned char)l->s[at]))
			at++;
		while (at + w < l->len && !isspace((unsigned char)l->s[at + w]))
			w++;
		if (w && l->s[at] == '#')
			return false;
		if (w == n && memcmp(l->s + at, name, n) == 0)
			return true;
		at += w;
	}
	return false;
}

void
hosts_set(const char *old, const char *hostname, const char *gateway, struct buf *out)
{
	struct line l;

	while (accounts_next_line(&old, &l))
		if (!accounts_names_host(&l, "host.lima.internal") && !accounts_names_host(&l, "127.0.1.1"))
			accounts_keep(out, &l);
	if (*hostname)
		buf_addf(out, "127.0.1.1\t%s\n", hostname);
	if (*gateway)
		buf_addf(out, "%s\thost.lima.internal\n", gateway);
}

void
environment_set(const char *old, const char *block, struct buf *out)
{
	bool in = false;
	struct line l;

	while (accounts_next_line(&old, &l)) {
		if (l.len >= 11 && memcmp(l.s, "#LIMA-START", 11) == 0)
			in = strstr(l.s, "\n#LIMA-END");	/* a block without an end hides nothing */
		if (!in)
			accounts_keep(out, &l);
		if (l.len >= 9 && memcmp(l.s, "#LIMA-END", 9) == 0)
			in = false;
	}
	while (accounts_next_line(&block, &l))
		accounts_keep(out, &l);
}

void
line_add(const char *old, const char *line, struct buf *out)
{
	size_t n = strlen(line);
	bool done = false;
	struct line l;

	while (accounts_next_line(&old, &l)) {
		accounts_keep(out, &l);
		done |= l.len == n && memcmp(l.s, line, n) == 0;
	}
	if (!done)
		buf_addf(out, "%s\n", line);
}
