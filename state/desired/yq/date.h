/* state/desired/yq/date.h - the parts of a layout; for date.c and date_read.c only. */
#pragma once
#include "state/desired/yq/eval.h"

enum part {
	P_NONE, P_LONG_MONTH, P_MONTH, P_NUM_MONTH, P_ZERO_MONTH, P_LONG_DAY, P_WEEKDAY, P_DAY, P_BLANK_DAY, P_ZERO_DAY, P_BLANK_YDAY,
	P_YDAY, P_HOUR, P_HOUR12, P_ZERO_HOUR12, P_MINUTE, P_ZERO_MINUTE, P_SECOND, P_ZERO_SECOND, P_LONG_YEAR, P_YEAR, P_PM, P_PM_SMALL,
	P_ZONE_NAME, P_ZONE, P_FRACTION,
};

extern const char *const date_months[12], *const date_days[7];
size_t fraction_len(const char *s);
/* The next part of a layout: text before it, and how long it is. */
enum part next_part(const char *layout, size_t *before, size_t *len);
int64_t days_from_civil(int64_t y, int m, int d);
int days_in(int64_t year, int month);
