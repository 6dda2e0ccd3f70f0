/* Dates by layouts that are written as Go's model date is: Mon Jan 2 15:04:05 MST 2006. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "state/desired/yq/eval.h"

const char date_rfc3339[] = "2006-01-02T15:04:05Z07:00";

enum part {
	P_NONE, P_LONG_MONTH, P_MONTH, P_NUM_MONTH, P_ZERO_MONTH, P_LONG_DAY, P_WEEKDAY, P_DAY, P_BLANK_DAY, P_ZERO_DAY, P_BLANK_YDAY,
	P_YDAY, P_HOUR, P_HOUR12, P_ZERO_HOUR12, P_MINUTE, P_ZERO_MINUTE, P_SECOND, P_ZERO_SECOND, P_LONG_YEAR, P_YEAR, P_PM, P_PM_SMALL,
	P_ZONE_NAME, P_ZONE, P_FRACTION,
};

/* the longer of two that begin alike comes first */
static const struct { const char *text; enum part part; } parts[] = {
	{ "January", P_LONG_MONTH }, { "Jan", P_MONTH }, { "Monday", P_LONG_DAY }, { "Mon", P_WEEKDAY }, { "MST", P_ZONE_NAME },
	{ "002", P_YDAY }, { "01", P_ZERO_MONTH }, { "02", P_ZERO_DAY }, { "03", P_ZERO_HOUR12 }, { "04", P_ZERO_MINUTE },
	{ "05", P_ZERO_SECOND }, { "06", P_YEAR }, { "15", P_HOUR }, { "1", P_NUM_MONTH }, { "2006", P_LONG_YEAR }, { "2", P_DAY },
	{ "_2006", P_NONE }, { "_2", P_BLANK_DAY }, { "__2", P_BLANK_YDAY }, { "3", P_HOUR12 }, { "4", P_MINUTE }, { "5", P_SECOND },
	{ "PM", P_PM }, { "pm", P_PM_SMALL }, { "-07:00:00", P_ZONE }, { "-070000", P_ZONE }, { "-07:00", P_ZONE }, { "-0700", P_ZONE },
	{ "-07", P_ZONE }, { "Z07:00:00", P_ZONE }, { "Z070000", P_ZONE }, { "Z07:00", P_ZONE }, { "Z0700", P_ZONE }, { "Z07", P_ZONE },
};

static const char *const months[] = {
	"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
};
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

/* .000 or ,999: all the same digit, and none behind it */
static size_t
fraction_len(const char *s)
{
	size_t n;

	if ((*s != '.' && *s != ',') || (s[1] != '0' && s[1] != '9'))
		return 0;
	n = strspn(s + 1, s[1] == '0' ? "0" : "9");
	return isdigit((unsigned char)s[1 + n]) ? 0 : 1 + n;
}

/* The next part of a layout: text before it, and how long it is. */
static enum part
next_part(const char *layout, size_t *before, size_t *len)
{
	for (const char *p = layout; *p; p++) {
		*before = (size_t)(p - layout);
		*len = fraction_len(p);
		if (*len)
			return P_FRACTION;
		for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
			size_t n = strlen(parts[i].text);

			if (strncmp(p, parts[i].text, n) != 0)
				continue;
			if (parts[i].part == P_NONE)	/* `_` is text before a year */
				break;
			if (parts[i].part == P_MONTH && islower((unsigned char)p[3]) && strncmp(p, "January", 7) != 0)
				break;
			*len = n;
			return parts[i].part;
		}
	}
	*before = strlen(layout);
	*len = 0;
	return P_NONE;
}

/* --- calendar */

static int64_t
days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil {
	int64_t year;
	int month, day, hour, minute, second, weekday, yday;
};

static struct civil
civil_of(const struct moment *m)
{
	struct civil c;
	int64_t t = m->sec + m->offset, z = t / 86400, rest = t % 86400, era, doe, yoe, doy, mp;

	if (rest < 0) {
		rest += 86400;
		z--;
	}
	c.weekday = (int)(((z + 4) % 7 + 7) % 7);
	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	c.hour = (int)(rest / 3600);
	c.minute = (int)(rest / 60 % 60);
	c.second = (int)(rest % 60);
	c.yday = (int)(days_from_civil(c.year, c.month, c.day) - days_from_civil(c.year, 1, 1)) + 1;
	return c;
}

static int
days_in(int64_t year, int month)
{
	static const int n[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return n[month - 1] + (month == 2 && leap);
}

/* --- out */

static void
zone_add(struct text *t, const char *form, const struct moment *m)
{
	int off = m->offset / 60, sec = m->offset % 60;
	char sign = m->offset < 0 ? '-' : '+';

	if (*form == 'Z' && m->offset == 0) {
		text_addc(t, 'Z');
		return;
	}
	off = abs(off);
	text_addf(t, "%c%02d", sign, off / 60);
	if (strchr(form, ':'))
		text_addc(t, ':');
	if (strlen(form) > 3)
		text_addf(t, "%02d", off % 60);
	if (strlen(form) >= 7 && strcmp(form + 1, "07:00") != 0)
		text_addf(t, strchr(form, ':') ? ":%02d" : "%02d", abs(sec));
}

static void
zone_name_add(struct text *t, const struct moment *m)
{
	if (*m->zone) {
		text_adds(t, m->zone);
	} else if (m->utc) {
		text_adds(t, "UTC");
	} else {
		text_addf(t, "%c%02d", m->offset < 0 ? '-' : '+', abs(m->offset) / 3600);
		if (m->offset % 3600)
			text_addf(t, "%02d", abs(m->offset) / 60 % 60);
	}
}

static void
fraction_add(struct text *t, const char *form, size_t len, const struct moment *m)
{
	char digits[16];
	size_t n = len - 1 > 9 ? 9 : len - 1;

	snprintf(digits, sizeof digits, "%09d", (int)(m->nsec % 1000000000));
	if (form[1] == '9') {
		while (n && digits[n - 1] == '0')
			n--;
		if (!n)
			return;
	}
	text_addc(t, *form);
	text_add(t, digits, n);
}

static void
part_add(struct text *t, enum part part, const char *form, size_t len, const struct moment *m)
{
	struct civil c = civil_of(m);
	int hour12 = c.hour % 12 ? c.hour % 12 : 12;

	switch (part) {
	case P_LONG_MONTH: text_adds(t, months[c.month - 1]); break;
	case P_MONTH: text_add(t, months[c.month - 1], 3); break;
	case P_NUM_MONTH: text_addf(t, "%d", c.month); break;
	case P_ZERO_MONTH: text_addf(t, "%02d", c.month); break;
	case P_LONG_DAY: text_adds(t, days[c.weekday]); break;
	case P_WEEKDAY: text_add(t, days[c.weekday], 3); break;
	case P_DAY: text_addf(t, "%d", c.day); break;
	case P_BLANK_DAY: text_addf(t, "%2d", c.day); break;
	case P_ZERO_DAY: text_addf(t, "%02d", c.day); break;
	case P_BLANK_YDAY: text_addf(t, "%3d", c.yday); break;
	case P_YDAY: text_addf(t, "%03d", c.yday); break;
	case P_HOUR: text_addf(t, "%02d", c.hour); break;
	case P_HOUR12: text_addf(t, "%d", hour12); break;
	case P_ZERO_HOUR12: text_addf(t, "%02d", hour12); break;
	case P_MINUTE: text_addf(t, "%d", c.minute); break;
	case P_ZERO_MINUTE: text_addf(t, "%02d", c.minute); break;
	case P_SECOND: text_addf(t, "%d", c.second); break;
	case P_ZERO_SECOND: text_addf(t, "%02d", c.second); break;
	case P_LONG_YEAR: text_addf(t, c.year < 0 ? "-%04lld" : "%04lld", (long long)(c.year < 0 ? -c.year : c.year)); break;
	case P_YEAR: text_addf(t, "%02lld", (long long)(c.year % 100 < 0 ? -(c.year % 100) : c.year % 100)); break;
	case P_PM: text_adds(t, c.hour >= 12 ? "PM" : "AM"); break;
	case P_PM_SMALL: text_adds(t, c.hour >= 12 ? "pm" : "am"); break;
	case P_ZONE_NAME: zone_name_add(t, m); break;
	case P_ZONE: zone_add(t, eval_dup(t->e, form, len), m); break;
	case P_FRACTION: fraction_add(t, form, len, m); break;
	case P_NONE: break;
	}
}

const char *
date_format(struct eval *e, const char *layout, const struct moment *m)
{
	struct text t = { .e = e };
	size_t before, len;

	for (;;) {
		enum part part = next_part(layout, &before, &len);

		text_add(&t, layout, before);
		if (part == P_NONE)
			return text_end(&t);
		part_add(&t, part, layout + before, len, m);
		layout += before + len;
	}
}

/* --- in */

struct reading {
	int64_t year;
	int month, day, yday, hour, minute, second;
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

static bool
part_read(enum part part, const char **s, const char *form, size_t len, struct reading *r)
{
	int v;

	switch (part) {
	case P_LONG_MONTH:
	case P_MONTH:
		if (!read_name(s, months, 12, part == P_LONG_MONTH, &v))
			return false;
		r->month = v + 1;
		return true;
	case P_LONG_DAY:
	case P_WEEKDAY: return read_name(s, days, 7, part == P_LONG_DAY, &v);
	case P_NUM_MONTH: return read_digits(s, 1, 2, &r->month) && r->month >= 1;
	case P_ZERO_MONTH: return read_digits(s, 2, 2, &r->month) && r->month >= 1;
	case P_BLANK_DAY: *s += **s == ' '; return read_digits(s, 1, 2, &r->day);
	case P_DAY: return read_digits(s, 1, 2, &r->day);
	case P_ZERO_DAY: return read_digits(s, 2, 2, &r->day);
	case P_BLANK_YDAY: *s += strspn(*s, " "); return read_digits(s, 1, 3, &r->yday);
	case P_YDAY: return read_digits(s, 3, 3, &r->yday);
	case P_HOUR: return read_digits(s, 1, 2, &r->hour) && r->hour < 24;
	case P_HOUR12: return read_digits(s, 1, 2, &r->hour) && r->hour <= 12;
	case P_ZERO_HOUR12: return read_digits(s, 2, 2, &r->hour) && r->hour <= 12;
	case P_MINUTE: return read_digits(s, 1, 2, &r->minute) && r->minute < 60;
	case P_ZERO_MINUTE: return read_digits(s, 2, 2, &r->minute) && r->minute < 60;
	case P_SECOND:
	case P_ZERO_SECOND:
		if (!read_digits(s, part == P_SECOND ? 1 : 2, 2, &r->second) || r->second >= 60)
			return false;
		if (!fraction_len(form + len))
			read_fraction(s, r);
		return true;
	case P_LONG_YEAR:
		if (!read_digits(s, 4, 4, &v))
			return false;
		r->year = v;
		return true;
	case P_YEAR:
		if (!read_digits(s, 2, 2, &v))
			return false;
		r->year = v + (v >= 69 ? 1900 : 2000);
		return true;
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
	case P_NONE: break;
	}
	return false;
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
