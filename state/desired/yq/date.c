/* Dates by layouts that are written as Go's model date is: Mon Jan 2 15:04:05 MST 2006. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "state/desired/yq/date.h"

const char date_rfc3339[] = "2006-01-02T15:04:05Z07:00";

/* the longer of two that begin alike comes first */
static const struct { const char *text; enum part part; } parts[] = {
	{ "January", P_LONG_MONTH }, { "Jan", P_MONTH }, { "Monday", P_LONG_DAY }, { "Mon", P_WEEKDAY }, { "MST", P_ZONE_NAME },
	{ "002", P_YDAY }, { "01", P_ZERO_MONTH }, { "02", P_ZERO_DAY }, { "03", P_ZERO_HOUR12 }, { "04", P_ZERO_MINUTE },
	{ "05", P_ZERO_SECOND }, { "06", P_YEAR }, { "15", P_HOUR }, { "1", P_NUM_MONTH }, { "2006", P_LONG_YEAR }, { "2", P_DAY },
	{ "_2006", P_NONE }, { "_2", P_BLANK_DAY }, { "__2", P_BLANK_YDAY }, { "3", P_HOUR12 }, { "4", P_MINUTE }, { "5", P_SECOND },
	{ "PM", P_PM }, { "pm", P_PM_SMALL }, { "-07:00:00", P_ZONE }, { "-070000", P_ZONE }, { "-07:00", P_ZONE }, { "-0700", P_ZONE },
	{ "-07", P_ZONE }, { "Z07:00:00", P_ZONE }, { "Z070000", P_ZONE }, { "Z07:00", P_ZONE }, { "Z0700", P_ZONE }, { "Z07", P_ZONE },
};

const char *const date_months[12] = {
	"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
};
const char *const date_days[7] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };

/* .000 or ,999: all the same digit, and none behind it */
size_t
fraction_len(const char *s)
{
	size_t n;

	if ((*s != '.' && *s != ',') || (s[1] != '0' && s[1] != '9'))
		return 0;
	n = strspn(s + 1, s[1] == '0' ? "0" : "9");
	return isdigit((unsigned char)s[1 + n]) ? 0 : 1 + n;
}

/* The next part of a layout: text before it, and how long it is. */
enum part
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

int64_t
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

int
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
	case P_LONG_MONTH: text_adds(t, date_months[c.month - 1]); break;
	case P_MONTH: text_add(t, date_months[c.month - 1], 3); break;
	case P_NUM_MONTH: text_addf(t, "%d", c.month); break;
	case P_ZERO_MONTH: text_addf(t, "%02d", c.month); break;
	case P_LONG_DAY: text_adds(t, date_days[c.weekday]); break;
	case P_WEEKDAY: text_add(t, date_days[c.weekday], 3); break;
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
