#include "base/size.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"

static const char units[] = "bkmgtp";

/* "", "b", "kib", "K" ... to the power of 1024; -1: no unit */
static int
unit_power(const char *s)
{
	const char *u;

	if (!*s)
		return 0;
	u = strchr(units, tolower((unsigned char)*s));
	if (!u)
		return -1;
	s++;
	if (!*s || (u != units && (!strcasecmp(s, "b") || !strcasecmp(s, "ib"))))
		return (int)(u - units);
	return -1;
}

int
size_parse(uint64_t *bytes, const char *s, struct error *err)
{
	size_t n = strlen(s);
	auto_free char *number = NULL;
	char *end;
	double d;
	int power;

	/* The number ends at the last digit, dot or blank */
	while (n && !isdigit((unsigned char)s[n - 1]) && s[n - 1] != '.' && s[n - 1] != ' ')
		n--;
	number = xstrndup(s, n);
	if (n > 1 && number[n - 1] == ' ')
		number[n - 1] = '\0';
	if (!n || !(isdigit((unsigned char)*number) || *number == '.' || *number == '+') || strpbrk(number, "xXpPnN"))
		return error_set(err, ERR_INVALID, "invalid size: '%s'", s);
	d = strtod(number, &end);
	if (*end || end == number || !isfinite(d))
		return error_set(err, ERR_INVALID, "invalid size: '%s'", s);
	power = unit_power(s + n);
	if (power < 0)
		return error_set(err, ERR_INVALID, "invalid size: '%s': invalid suffix: '%s' (b, k, m, g, t, p, "
				 "each optionally with b or ib behind it)", s, s + n);
	d = ldexp(d, power * 10);
	if (d >= 0x1p63)
		return error_set(err, ERR_INVALID, "invalid size: '%s': too large", s);
	*bytes = (uint64_t)d;
	return 0;
}

const char *
size_text(struct arena *a, uint64_t bytes)
{
	static const char *const name[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double d = (double)bytes;
	size_t i = 0;

	while (d >= 1024 && i + 1 < ARRAY_LEN(name)) {
		d /= 1024;
		i++;
	}
	return arena_printf(a, "%.4g%s", d, name[i]);
}
