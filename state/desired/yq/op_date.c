/* Operators on dates, and time zones. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "state/desired/yq/ops.h"

enum { MAX_ZONE_FILE = 1 << 20 };

static void
moment_local(struct moment *m)
{
	time_t t = (time_t)m->sec;
	struct tm tm;

	localtime_r(&t, &tm);
	m->offset = (int32_t)tm.tm_gmtoff;
	snprintf(m->zone, sizeof m->zone, "%s", tm.tm_zone);
	m->utc = strcmp(m->zone, "UTC") == 0;
}

static uint32_t
op_date_be32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return be32toh(v);
}

static int64_t
op_date_be64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return (int64_t)be64toh(v);
}

/* The second part of a TZif file (RFC 8536): transitions, and what is so from each on. */
static bool
zone_apply(const char *s, size_t len, struct moment *m)
{
	uint32_t n[6], type = 0;
	size_t skip, at;
	const char *times, *types, *infos, *names;

	if (len < 44 || memcmp(s, "TZif", 4) != 0 || s[4] < '2')
		return false;
	for (int i = 0; i < 6; i++)
		n[i] = op_date_be32(s + 20 + 4 * i);
	skip = 44 + (size_t)n[3] * 5 + (size_t)n[4] * 6 + n[5] + (size_t)n[2] * 8 + n[1] + n[0];
	if (len < skip + 44 || memcmp(s + skip, "TZif", 4) != 0)
		return false;
	for (int i = 0; i < 6; i++)
		n[i] = op_date_be32(s + skip + 20 + 4 * i);
	at = skip + 44;
	if (n[3] > 100000 || n[4] > 1000 || n[5] > 10000 || !n[4] || len < at + (size_t)n[3] * 9 + (size_t)n[4] * 6 + n[5])
		return false;
	times = s + at;
	types = times + 8 * (size_t)n[3];
	infos = types + n[3];
	names = infos + 6 * (size_t)n[4];
	for (uint32_t i = 0; i < n[3] && op_date_be64(times + 8 * (size_t)i) <= m->sec; i++)
		type = (unsigned char)types[i];
	if (type >= n[4])
		return false;
	m->offset = (int32_t)op_date_be32(infos + 6 * (size_t)type);
	at = (unsigned char)infos[6 * (size_t)type + 5];
	if (at >= n[5])
		return false;
	snprintf(m->zone, sizeof m->zone, "%.*s", (int)(n[5] - at), names + at);
	m->utc = false;
	return true;
}

bool
date_in_zone(struct eval *e, struct moment *m, const char *zone)
{
	AUTO(buf) b = BUF_INIT;
	const char *path = eval_printf(e, "/usr/share/zoneinfo/%s", zone);

	if (!*zone || strcmp(zone, "UTC") == 0) {
		*m = (struct moment){ .sec = m->sec, .nsec = m->nsec, .zone = "UTC", .utc = true };
		return true;
	}
	if (strcmp(zone, "Local") == 0) {
		moment_local(m);
		return true;
	}
	return *zone != '/' && !strstr(zone, "..") && fs_read(path, &b, MAX_ZONE_FILE, NULL) == 0 && zone_apply(b.s, b.len, m);
}

static void
moment_of(struct eval *e, const struct context *c, const struct ynode *n, struct moment *m)
{
	if (!date_of(c, n->value, m))
		eval_fail(e, "could not parse datetime of [%s] using layout [%s]: `%s`", ynode_nice_path(e, n), context_layout(c), n->value);
}

RUN(with_dtf)
{
	const struct ynode *layout;

	if (x->rhs->op != &op_block && x->rhs->op != &op_union)
		eval_fail(e, "column %u: expected `with_dtf(LAYOUT; EXPRESSION)`", x->at + 1);
	layout = nodes_first(expr_run(e, context_read_only(e, &c), x->rhs->lhs).at);
	if (!layout)
		eval_fail(e, "could not find layout for format_time");
	c.layout = layout->value;
	return expr_run(e, c, x->rhs->rhs);
}

EACH_WITH(format_datetime)
{
	struct moment m;
	struct ynode *r;
	const char *s;

	if (!arg)
		eval_fail(e, "could not find format for format_time");
	moment_of(e, c, n, &m);
	s = date_format(e, arg->value, &m);
	r = snippet_try(e, s, strlen(s));
	if (!r)
		r = ynode_text(e, s, strlen(s));
	r->parent = n->parent;
	r->key = n->key;
	return r;
}

RUN(now)
{
	struct timespec t;
	struct moment m = { 0 };

	(void)x;
	clock_gettime(CLOCK_REALTIME, &t);
	m.sec = t.tv_sec;
	moment_local(&m);
	return context_one(e, &c, ynode_new(e, Y_SCALAR, "!!timestamp", date_format(e, date_rfc3339, &m)));
}

EACH_WITH(tz)
{
	struct moment m;

	if (!arg)
		eval_fail(e, "could not find timezone for format_time");
	moment_of(e, c, n, &m);
	if (!date_in_zone(e, &m, arg->value))
		eval_fail(e, "could not load tz [%s]: unknown time zone %s", arg->value, arg->value);
	return ynode_replace_new(e, n, Y_SCALAR, n->tag, date_format(e, context_layout(c), &m));
}

EACH(from_unix)
{
	const char *tag = ynode_meaning(e, n);
	struct moment m = { 0 };
	double d;

	if ((strcmp(tag, "!!int") != 0 && strcmp(tag, "!!float") != 0) || !number_float(n->value, &d))
		eval_fail(e, "from_unix only works on numbers, found %s instead", n->tag);
	if (d > 1e14 || d < -1e14)
		eval_fail(e, "`%s` seconds are beyond all dates", n->value);
	m.sec = (int64_t)(d * 1000) / 1000 - ((int64_t)(d * 1000) % 1000 < 0);
	moment_local(&m);
	return ynode_replace_new(e, n, Y_SCALAR, "!!timestamp", date_format(e, date_rfc3339, &m));
}

EACH(to_unix)
{
	struct moment m;

	moment_of(e, c, n, &m);
	return ynode_replace_new(e, n, Y_SCALAR, "!!int", eval_printf(e, "%lld", (long long)m.sec));
}
