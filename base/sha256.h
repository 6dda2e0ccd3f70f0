/* base/sha256.h - the digest that names and numbers things. Files and downloads: providers/fetch/digest.h. */
#pragma once
#include <stddef.h>

void sha256(const void *p, size_t len, unsigned char out[32]);
/* as 64 lower-case hex digits and a NUL */
void sha256_hex(const void *p, size_t len, char out[65]);
