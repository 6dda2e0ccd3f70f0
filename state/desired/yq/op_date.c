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

#define RUN(name) struct context run_##name(struct eval *e, struct context c, struct expr *x)
RUN(with_dtf);
RUN(format_datetime);
RUN(now);
RUN(tz);
RUN(from_unix);
RUN(to_unix);

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

static const char *
text_argument(struct eval *e, const struct context *c, struct expr *x, const char *name)
{
	struct nodes *r = expr_run(e, context_read_only(e, c), x).at;

	if (!r->n)
		eval_fail(e, "could not find %s for format_time", name);
	return r->v[0]->value;
}

static void
moment_of(struct eval *e, const struct context *c, const struct ynode *n, struct moment *m)
{
	if (!date_of(c, n->value, m))
		eval_fail(e, "could not parse datetime of [%s] using layout [%s]: `%s`", ynode_nice_path(e, n), context_layout(c), n->value);
}

RUN(with_dtf)
{
	if (x->rhs->op != &op_block && x->rhs->op != &op_union)
		eval_fail(e, "column %u: expected `with_dtf(LAYOUT; EXPRESSION)`", x->at + 1);
	c.layout = text_argument(e, &c, x->rhs->lhs, "layout");
	return expr_run(e, c, x->rhs->rhs);
}

RUN(format_datetime)
{
	const char *layout = text_argument(e, &c, x->rhs, "format");
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct moment m;
		struct ynode *n;
		const char *s;

		moment_of(e, &c, c.at->v[i], &m);
		s = date_format(e, layout, &m);
		n = snippet_try(e, s, strlen(s));
		if (!n)
			n = ynode_text(e, s, strlen(s));
		n->parent = c.at->v[i]->parent;
		n->key = c.at->v[i]->key;
		nodes_push(e, out, n);
	}
	return context_with(e, &c, out);
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

RUN(tz)
{
	const char *zone = text_argument(e, &c, x->rhs, "timezone");
	struct nodes *out = nodes_new(e);

	for (size_t i = 0; i < c.at->n; i++) {
		struct moment m;

		moment_of(e, &c, c.at->v[i], &m);
		if (!date_in_zone(e, &m, zone))
			eval_fail(e, "could not load tz [%s]: unknown time zone %s", zone, zone);
		nodes_push(e, out, ynode_replace_new(e, c.at->v[i], Y_SCALAR, c.at->v[i]->tag, date_format(e, context_layout(&c), &m)));
	}
	return context_with(e, &c, out);
}

RUN(from_unix)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		const char *tag = ynode_meaning(e, c.at->v[i]);
		struct moment m = { 0 };
		double d;

		if ((strcmp(tag, "!!int") != 0 && strcmp(tag, "!!float") != 0) || !number_float(c.at->v[i]->value, &d))
			eval_fail(e, "from_unix only works on numbers, found %s instead", c.at->v[i]->tag);
		if (d > 1e14 || d < -1e14)
			eval_fail(e, "`%s` seconds are beyond all dates", c.at->v[i]->value);
		m.sec = (int64_t)(d * 1000) / 1000 - ((int64_t)(d * 1000) % 1000 < 0);
		moment_local(&m);
		nodes_push(e, out, ynode_replace_new(e, c.at->v[i], Y_SCALAR, "!!timestamp", date_format(e, date_rfc3339, &m)));
	}
	return context_with(e, &c, out);
}

RUN(to_unix)
{
	struct nodes *out = nodes_new(e);

	(void)x;
	for (size_t i = 0; i < c.at->n; i++) {
		struct moment m;

		moment_of(e, &c, c.at->v[i], &m);
		nodes_push(e, out, ynode_replace_new(e, c.at->v[i], Y_SCALAR, "!!int", eval_printf(e, "%lld", (long long)m.sec)));
	}
	return context_with(e, &c, out);
}
