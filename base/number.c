#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void
number_add(struct buf *out, double d, int big)
{
	char digits[40], *e;
	int prec = 0, exp;

	if (isnan(d) || isinf(d)) {
		buf_adds(out, isnan(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf");
		return;
	}
	do
		snprintf(digits, sizeof digits, "%.*e", prec, d);
	while (strtod(digits, NULL) != d && prec++ < 17);
	e = strchr(digits, 'e');
	exp = atoi(e + 1);
	if (exp < -4 || exp >= big) {
		buf_addf(out, "%.*se%c%02d", (int)(e - digits), digits, exp < 0 ? '-' : '+', abs(exp));
	} else {
		buf_addf(out, "%.*f", prec > exp ? prec - exp : 0, d);
	}
}
