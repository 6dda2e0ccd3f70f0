/* Dates and durations read. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/date.h"

struct reading {
	int year, month, day, yday, hour, minute, second;
	int32_t nsec;
	bool pm_set, pm, zone_set;
	int offset;
	const char *zone;
	size_t zone_len;
};

static bool
read_digits(const char **s, int least, int most, int *out)
{
	int n = 0;

	*out = 0;
	for (; n < most && isdigit((unsigned char)**s); n++)
		*out = *out * 10 + *(*s)++ - '0';
	return n >= least;
}

static bool
read_name(const char **s, const char *const *names, size_t n, bool whole, int *out)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = whole ? strlen(names[i]) : 3;

		if (strncasecmp(*s, names[i], len) == 0) {
			*s += len;
			*out = (int)i;
			return true;
		}
	}
	return false;
}

static bool
read_zone(const char **s, const char *form, size_t len, struct reading *r)
{
	int h, m = 0, sec = 0, sign;
	bool colon = memchr(form, ':', len);

	r->zone_set = true;
	if (*form == 'Z' && **s == 'Z') {
		++*s;
		r->offset = 0;
		return true;
	}
	if (**s != '+' && **s != '-')
		return false;
	sign = *(*s)++ == '-' ? -1 : 1;
	if (!read_digits(s, 2, 2, &h))
		return false;
	if (len > 3 && ((colon && *(*s)++ != ':') || !read_digits(s, 2, 2, &m)))
		return false;
	if (len >= 7 && !(colon && len == 6) && ((colon && *(*s)++ != ':') || !read_digits(s, 2, 2, &sec)))
		return false;
	if (h > 24 || m >= 60 || sec >= 60)
		return false;
	r->offset = sign * (h * 3600 + m * 60 + sec);
	return true;
}

static bool
read_zone_name(const char **s, struct reading *r)
{
	size_t n = 0;

	while (isupper((unsigned char)(*s)[n]))
		n++;
	if (n < 3 || n > 5) {
		if (**s != '+' && **s != '-')
			return false;
		n = 1 + strspn(*s + 1, "0123456789");
		if (n != 3)
			return false;
	}
	r->zone = *s;
	r->zone_len = n;
	*s += n;
	return true;
}

/* behind the seconds a fraction may stand that the layout does not have */
static void
read_fraction(const char **s, struct reading *r)
{
	int scale = 100000000;

	if ((**s != '.' && **s != ',') || !isdigit((unsigned char)(*s)[1]))
		return;
	for (++*s; isdigit((unsigned char)**s); ++*s, scale /= 10)
		r->nsec += (**s - '0') * scale;
}

static const struct {
	enum part part;
	uint8_t least, most, from, to;	/* digits, and what they may say */
	uint16_t at;			/* in struct reading */
} digits[] = {
	{ P_NUM_MONTH, 1, 2, 1, 12, offsetof(struct reading, month) }, { P_ZERO_MONTH, 2, 2, 1, 12, offsetof(struct reading, month) },
	{ P_DAY, 1, 2, 0, 99, offsetof(struct reading, day) }, { P_ZERO_DAY, 2, 2, 0, 99, offsetof(struct reading, day) },
	{ P_BLANK_DAY, 1, 2, 0, 99, offsetof(struct reading, day) }, { P_YDAY, 3, 3, 0, 255, offsetof(struct reading, yday) },
	{ P_BLANK_YDAY, 1, 3, 0, 255, offsetof(struct reading, yday) }, { P_HOUR, 1, 2, 0, 23, offsetof(struct reading, hour) },
	{ P_HOUR12, 1, 2, 0, 12, offsetof(struct reading, hour) }, { P_ZERO_HOUR12, 2, 2, 0, 12, offsetof(struct reading, hour) },
	{ P_MINUTE, 1, 2, 0, 59, offsetof(struct reading, minute) }, { P_ZERO_MINUTE, 2, 2, 0, 59, offsetof(struct reading, minute) },
	{ P_SECOND, 1, 2, 0, 59, offsetof(struct reading, second) }, { P_ZERO_SECOND, 2, 2, 0, 59, offsetof(struct reading, second) },
	{ P_YEAR, 2, 2, 0, 99, offsetof(struct reading, year) }, { P_LONG_YEAR, 4, 4, 0, 0, offsetof(struct reading, year) },
};

/* a part that is a number; -1: it is none */
static int
number_read(enum part part, const char **s, struct reading *r)
{
	for (size_t i = 0; i < ARRAY_LEN(digits); i++) {
		int *to = (int *)(void *)((char *)r + digits[i].at);

		if (digits[i].part != part)
			continue;
		if (part == P_BLANK_DAY || part == P_BLANK_YDAY)
			*s += strspn(*s, " ");
		if (!read_digits(s, digits[i].least, digits[i].most, to))
			return 0;
		if (part == P_YEAR)
			*to += *to >= 69 ? 1900 : 2000;
		else if (digits[i].to && digits[i].to != 255 && (*to < digits[i].from || *to > digits[i].to))
			return 0;
		return 1;
	}
	return -1;
}

static bool
part_read(enum part part, const char **s, const char *form, size_t len, struct reading *r)
{
	int v = number_read(part, s, r);

	if (v == 1 && (part == P_SECOND || part == P_ZERO_SECOND) && !fraction_len(form + len))
		read_fraction(s, r);
	if (v >= 0)
		return v;
	switch (part) {
	case P_LONG_MONTH:
	case P_MONTH:
		if (!read_name(s, date_months, 12, part == P_LONG_MONTH, &v))
			return false;
		r->month = v + 1;
		return true;
	case P_LONG_DAY:
	case P_WEEKDAY: return read_name(s, date_days, 7, part == P_LONG_DAY, &v);
	case P_PM:
	case P_PM_SMALL:
		r->pm_set = true;
		r->pm = tolower((unsigned char)**s) == 'p';
		if (strncmp(*s, part == P_PM ? r->pm ? "PM" : "AM" : r->pm ? "pm" : "am", 2) != 0)
			return false;
		*s += 2;
		return true;
	case P_ZONE_NAME: return read_zone_name(s, r);
	case P_ZONE: return read_zone(s, form, len, r);
	case P_FRACTION:
		if (form[1] == '0' && **s != form[0])
			return false;
		read_fraction(s, r);
		return true;
	default: return false;
	}
}

static bool
reading_end(struct reading *r, struct moment *out)
{
	if (r->pm_set)
		r->hour = r->pm ? r->hour == 12 ? 12 : r->hour + 12 : r->hour == 12 ? 0 : r->hour;
	if (r->yday) {
		if (r->yday > 365 + (days_in(r->year, 2) == 29))
			return false;
		for (r->month = 1, r->day = r->yday; r->day > days_in(r->year, r->month); r->month++)
			r->day -= days_in(r->year, r->month);
	}
	if (r->month < 1 || r->month > 12 || r->day < 1 || r->day > days_in(r->year, r->month))
		return false;
	out->sec = days_from_civil(r->year, r->month, r->day) * 86400 + r->hour * 3600 + r->minute * 60 + r->second - r->offset;
	out->nsec = r->nsec;
	out->offset = r->offset;
	out->utc = !r->offset && (!r->zone || (r->zone_len == 3 && memcmp(r->zone, "UTC", 3) == 0));
	if (r->zone && !r->zone_set && r->zone_len < sizeof out->zone)
		memcpy(out->zone, r->zone, r->zone_len);
	return true;
}

bool
date_parse(const char *layout, const char *s, struct moment *out)
{
	struct reading r = { .month = 1, .day = 1 };

	*out = (struct moment){ 0 };
	for (;;) {
		size_t before, len;
		enum part part = next_part(layout, &before, &len);

		for (size_t i = 0; i < before; i++) {
			if (layout[i] == ' ' && *s != ' ' && i + 1 == before && *s)
				continue;
			if (*s != layout[i])
				return false;
			s++;
		}
		if (part == P_NONE)
			return !*s && reading_end(&r, out);
		if (!part_read(part, &s, layout + before, len, &r))
			return false;
		layout += before + len;
	}
}

int
moment_compare(const struct moment *x, const struct moment *y)
{
	return x->sec != y->sec ? (x->sec > y->sec) - (x->sec < y->sec) : (x->nsec > y->nsec) - (x->nsec < y->nsec);
}

const char *
context_layout(const struct context *c)
{
	return c->layout ? c->layout : date_rfc3339;
}

bool
date_of(const struct context *c, const char *s, struct moment *out)
{
	return date_parse(context_layout(c), s, out) || (!c->layout && date_parse("2006-01-02", s, out));
}

/* 1h30m, -1.5h, 300ms */
bool
date_duration_parse(const char *s, int64_t *ns)
{
	static const struct { const char *unit; double ns; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
	};
	bool minus = *s == '-';
	double sum = 0;

	s += *s == '-' || *s == '+';
	if (strcmp(s, "0") == 0) {
		*ns = 0;
		return true;
	}
	if (!*s)
		return false;
	while (*s) {
		char *end;
		double v;
		size_t i = 0;

		if (!isdigit((unsigned char)*s) && *s != '.')
			return false;
		v = strtod(s, &end);
		if (end == s)
			return false;
		s = end;
		while (i < ARRAY_LEN(units) && strncmp(s, units[i].unit, strlen(units[i].unit)) != 0)
			i++;
		if (i == ARRAY_LEN(units))
			return false;
		s += strlen(units[i].unit);
		sum += v * units[i].ns;
	}
	if (sum > 9.2e18)
		return false;
	*ns = (int64_t)(minus ? -sum : sum);
	return true;
}
