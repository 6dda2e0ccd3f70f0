#include "guest/init/scan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/mem.h"

struct line {
	const char *s;			/* behind the indentation */
	size_t len, indent;
};

/* The next line that says something: not blank, not a comment. Blanks at its end are gone. */
static bool
scan_next_line(const char **text, const char *end, struct line *l)
{
	while (*text < end) {
		const char *s = *text, *nl = memchr(s, '\n', (size_t)(end - s));
		const char *stop = nl ? nl : end, *from = s;

		*text = nl ? nl + 1 : end;
		while (s < stop && *s == ' ')
			s++;
		while (stop > s && isspace((unsigned char)stop[-1]))
			stop--;
		if (s == stop || *s == '#')
			continue;
		*l = (struct line){ s, (size_t)(stop - s), (size_t)(s - from) };
		return true;
	}
	return false;
}

/* Does the line begin with `key:`? Then what follows, without blanks in front. */
static bool
scan_value_of(const struct line *l, const char *key, struct line *value)
{
	size_t n = strlen(key);

	if (l->len <= n || memcmp(l->s, key, n) != 0 || l->s[n] != ':')
		return false;
	*value = (struct line){ l->s + n + 1, l->len - n - 1, 0 };
	if (value->len && *value->s != ' ')
		return false;
	while (value->len && *value->s == ' ')
		value->s++, value->len--;
	return true;
}

/* "- rest": the rest. */
static bool
item_of(const struct line *l, struct line *value)
{
	if (l->len < 2 || l->s[0] != '-' || l->s[1] != ' ')
		return false;
	*value = (struct line){ l->s + 2, l->len - 2, l->indent };
	while (value->len && *value->s == ' ')
		value->s++, value->len--;
	return true;
}

static void
scan_add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80)
		buf_addc(out, (char)c);
	else if (c < 0x800)
		buf_addf(out, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	else if (c < 0x10000)
		buf_addf(out, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
	else
		buf_addf(out, "%c%c%c%c", 0xf0 | (c >> 18 & 7), 0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
}

/* One escape behind the backslash at s[0]; how many bytes it has, 0 when it is none. */
static size_t
scan_escape(const char *s, const char *end, struct buf *out)
{
	static const char from[] = "abfnrtv0e\"\\/ ", to[] = "\a\b\f\n\r\t\v\0\033\"\\/ ";
	const char *p = s < end ? memchr(from, *s, sizeof from - 1) : NULL;
	size_t digits = s >= end ? 0 : *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
	uint32_t c = 0;

	if (p) {
		buf_addc(out, to[p - from]);
		return 1;
	}
	if (digits == 0 || (size_t)(end - s) <= digits)
		return 0;
	for (size_t i = 1; i <= digits; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return 0;
		c = c << 4 | (uint32_t)(isdigit((unsigned char)s[i]) ? s[i] - '0' : (s[i] | 32) - 'a' + 10);
	}
	scan_add_utf8(out, c);
	return digits + 1;
}

/*
 * A scalar at *s: in double or single quotes, or plain up to one of `stop` or a
 * comment. Moves *s behind it. False when a quote is not closed.
 */
static bool
scan_scalar_one(const char **s, const char *end, const char *stop, struct buf *out)
{
	const char *p = *s;
	char quote = p < end && (*p == '"' || *p == '\'') ? *p++ : '\0';

	for (; p < end; p++) {
		if (quote == '"' && *p == '\\') {
			size_t n = scan_escape(p + 1, end, out);

			if (n == 0)
				return false;
			p += n;
		} else if (quote == '\'' && *p == '\'' && p + 1 < end && p[1] == '\'') {
			buf_addc(out, *p++);
		} else if (quote && *p == quote) {
			*s = p + 1;
			return true;
		} else if (!quote && (strchr(stop, *p) || (*p == '#' && p > *s && p[-1] == ' '))) {
			break;
		} else {
			buf_addc(out, *p);
		}
	}
	*s = p;
	while (!quote && out->len && out->s[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	return !quote;
}

/* Text of one line that may stand in a configuration file: no control characters. */
static bool
scan_printable(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((unsigned char)b->s[i] < 0x20 || b->s[i] == 0x7f)
			return false;
	return b->len > 0;
}

static char *
scan_text_of(const struct line *l)
{
	AUTO(buf) b = BUF_INIT;
	const char *s = l->s;

	if (!scan_scalar_one(&s, l->s + l->len, "", &b) || !scan_printable(&b))
		return NULL;
	return buf_detach(&b);
}

void
scan_keys_release(struct scan_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i]);
	k->n = 0;
}

void
scan_authorized_keys(const char *text, size_t len, struct scan_keys *k)
{
	const char *end = text + len;
	struct line l, v;
	bool in = false;

	while (scan_next_line(&text, end, &l)) {
		if (!in) {
			in = scan_value_of(&l, "ssh-authorized-keys", &v) || scan_value_of(&l, "ssh_authorized_keys", &v);
			continue;
		}
		if (!item_of(&l, &v))
			return;
		if (k->n < SCAN_KEYS_MAX && (k->v[k->n] = scan_text_of(&v)))
			k->n++;
	}
}

char *
scan_scalar(const char *text, size_t len, const char *key)
{
	const char *end = text + len;
	struct line l, v;

	while (scan_next_line(&text, end, &l))
		if (l.indent == 0 && scan_value_of(&l, key, &v))
			return scan_text_of(&v);
	return NULL;
}

void
scan_mounts_release(struct scan_mounts *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].tag);
		free(m->v[i].target);
		free(m->v[i].type);
		free(m->v[i].options);
	}
	m->n = 0;
}

/* [a, "b", c, d, ...]: the first four into f; false when there are fewer */
static bool
flow_row(const struct line *l, char *f[4])
{
	const char *s = l->s + 1, *end = l->s + l->len;

	if (l->len == 0 || *l->s != '[')
		return false;
	for (int i = 0; i < 4; i++) {
		AUTO(buf) b = BUF_INIT;

		while (s < end && *s == ' ')
			s++;
		if (!scan_scalar_one(&s, end, ",]", &b) || !scan_printable(&b))
			return false;
		f[i] = buf_detach(&b);
		while (s < end && *s == ' ')
			s++;
		if (s == end || *s++ != ',')
			return i == 3;
	}
	return true;
}

void
scan_mounts(const char *text, size_t len, struct scan_mounts *m)
{
	const char *end = text + len;
	struct line l, v;
	bool in = false;

	while (scan_next_line(&text, end, &l)) {
		char *f[4] = { NULL };

		if (!in) {
			in = l.indent == 0 && scan_value_of(&l, "mounts", &v);
			continue;
		}
		if (!item_of(&l, &v))
			return;
		if (m->n < SCAN_MOUNTS_MAX && flow_row(&v, f)) {
			m->v[m->n++] = (struct scan_mount){ f[0], f[1], f[2], f[3] };
			continue;
		}
		for (int i = 0; i < 4; i++)
			free(f[i]);
	}
}

static bool
parse_mac(const char *s, unsigned char mac[6])
{
	unsigned v[6];
	int n = 0;

	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &n) != 6 || s[n])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (unsigned char)v[i];
	return true;
}

/* "name:" with nothing behind it, the name one that the kernel takes for an interface */
static bool
nic_name(const struct line *l, char name[16])
{
	size_t n = l->len - 1;

	if (l->len < 2 || n > 15 || l->s[n] != ':')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)l->s[i]) && (i == 0 || !strchr("-_.", l->s[i])))
			return false;
	memcpy(name, l->s, n);
	name[n] = '\0';
	return true;
}

static void
scan_add_dns(struct scan_net *net, const char *s)
{
	size_t n = strlen(s);

	if (net->n_dns < SCAN_DNS_MAX && n > 1 && n < sizeof net->dns[0] && strspn(s, "0123456789abcdefABCDEF.:") == n)
		memcpy(net->dns[net->n_dns++], s, n + 1);
}

static void
nic_line(struct scan_net *net, struct scan_nic *nic, const struct line *l, bool *in_dns)
{
	struct line v;
	auto_free char *s = NULL;

	if (item_of(l, &v)) {
		if (*in_dns && (s = scan_text_of(&v)))
			scan_add_dns(net, s);
		return;
	}
	*in_dns = scan_value_of(l, "addresses", &v);
	if (scan_value_of(l, "macaddress", &v) && (s = scan_text_of(&v))) {
		if (!parse_mac(s, nic->mac))
			memset(nic->mac, 0, sizeof nic->mac);
	} else if (scan_value_of(l, "route-metric", &v) && v.len > 0 && v.len < 8 && isdigit((unsigned char)*v.s)) {
		nic->metric = (unsigned)strtoul(v.s, NULL, 10);
	}
}

void
scan_network(const char *text, size_t len, struct scan_net *net)
{
	const char *end = text + len;
	struct scan_nic nic = { .name = "" };
	size_t level = 0;
	struct line l, v;
	bool in = false, in_dns = false, more;

	memset(net, 0, sizeof *net);
	do {
		static const unsigned char none[6];

		more = scan_next_line(&text, end, &l) && (!in || l.indent > 0);
		if (more && !in) {
			in = l.indent == 0 && scan_value_of(&l, "ethernets", &v);
			continue;
		}
		if (more && level == 0)
			level = l.indent;
		if (more && l.indent > level) {
			nic_line(net, &nic, &l, &in_dns);
			continue;
		}
		if (*nic.name && memcmp(nic.mac, none, 6) != 0 && net->n < SCAN_NICS_MAX)
			net->nic[net->n++] = nic;
		nic = (struct scan_nic){ .name = "" };
		in_dns = false;
		if (more && !nic_name(&l, nic.name))
			*nic.name = '\0';
	} while (more);
}
