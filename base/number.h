/* base/number.h - floating-point numbers as text, with as few digits as say them. */
#pragma once

struct buf;

/* "2.5"; with an exponent ("1e+06") below 10^-4 and from 10^`big` on; "NaN", "+Inf", "-Inf" */
void number_add(struct buf *out, double d, int big);
