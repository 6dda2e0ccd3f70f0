/* base/when.h - a moment as text that sorts, and that everybody reads alike: "2026-11-30T09:21:33Z" (RFC 3339). */
#pragma once
#include <stdint.h>
#include <time.h>

enum { WHEN_MAX = 32 };

/* Seconds since 1970; "" if that is no date. Returns `out`. */
static inline const char *
when_utc(int64_t seconds, char out[WHEN_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, WHEN_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*out = '\0';
	return out;
}
