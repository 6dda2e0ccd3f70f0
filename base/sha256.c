#include "base/sha256.h"

/* The "one-shot" functions are older than OpenSSL's providers and need none of them, which saves a load of libcrypto.so. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

void
sha256(const void *p, size_t len, unsigned char out[32])
{
	SHA256_CTX c;

	SHA256_Init(&c);
	SHA256_Update(&c, p, len);
	SHA256_Final(out, &c);
}

void
sha256_hex(const void *p, size_t len, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char d[32];

	sha256(p, len, d);
	for (size_t i = 0; i < sizeof d; i++) {
		*out++ = digits[d[i] >> 4];
		*out++ = digits[d[i] & 15];
	}
	*out = '\0';
}
