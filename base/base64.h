/* base/base64.h - bytes as letters (RFC 4648, the ordinary alphabet). */
#pragma once
#include <stddef.h>

struct buf;

void base64_encode(struct buf *out, const void *p, size_t len);
/* Appends the bytes; white space is skipped, padding optional. -1: not base64 (`out` may have grown). */
int base64_decode(struct buf *out, const char *s, size_t len);
