/* The low-level functions, called old by OpenSSL 3: its new ones need the whole library. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "providers/fetch/digest.h"

#include <errno.h>
#include <openssl/sha.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { BLOCK = 1 << 18 };

_Static_assert(sizeof(SHA256_CTX) <= sizeof((struct digest *)0)->state, "room for the state");
_Static_assert(sizeof(SHA512_CTX) <= sizeof((struct digest *)0)->state, "room for the state");

static const struct algo {
	const char *name;
	size_t bytes;
} algos[] = {
	{ "sha256", 32 },
	{ "sha384", 48 },	/* a sha512 that begins otherwise and is cut */
	{ "sha512", 64 },
};

static const struct algo *
find_algo(const char *name)
{
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < ARRAY_LEN(algos); i++)
		if (strlen(algos[i].name) == len && !memcmp(algos[i].name, name, len))
			return &algos[i];
	return NULL;
}

static void
to_hex(const unsigned char *p, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

int
digest_init(struct digest *d, const char *algo, struct error *err)
{
	const struct algo *a = find_algo(algo);

	if (!a)
		return error_set(err, ERR_INVALID, "digest '%.*s': want sha256, sha384 or sha512",
				 (int)strcspn(algo, ":"), algo);
	memcpy(d->algo, a->name, strlen(a->name) + 1);
	if (a->bytes == 32)
		SHA256_Init((void *)d->state);
	else if (a->bytes == 48)
		SHA384_Init((void *)d->state);
	else
		SHA512_Init((void *)d->state);
	return 0;
}

void
digest_update(struct digest *d, const void *p, size_t len)
{
	if (!strcmp(d->algo, "sha256"))
		SHA256_Update((void *)d->state, p, len);
	else
		SHA512_Update((void *)d->state, p, len);
}

void
digest_text(struct digest *d, char out[DIGEST_TEXT_MAX])
{
	const struct algo *a = find_algo(d->algo);
	unsigned char raw[64];
	size_t n = strlen(a->name);

	if (a->bytes == 32)
		SHA256_Final(raw, (void *)d->state);
	else
		SHA512_Final(raw, (void *)d->state);
	memcpy(out, a->name, n);
	out[n] = ':';
	to_hex(raw, a->bytes, out + n + 1);
}

int
digest_parse(const char *text, struct error *err)
{
	const struct algo *a = find_algo(text);
	const char *hex = strchr(text, ':');

	if (!hex)
		return error_set(err, ERR_INVALID, "digest '%s': want ALGORITHM:HEX", text);
	if (!a)
		return error_set(err, ERR_INVALID, "digest '%.*s': want sha256, sha384 or sha512",
				 (int)(hex - text), text);
	hex++;
	if (strlen(hex) != 2 * a->bytes)
		return error_set(err, ERR_INVALID, "digest '%s': %zu digits, want %zu", text, strlen(hex),
				 2 * a->bytes);
	if (strspn(hex, "0123456789abcdef") != 2 * a->bytes)
		return error_set(err, ERR_INVALID, "digest '%s': want lower-case hexadecimal digits", text);
	return 0;
}

int
digest_file(const char *path, const char *algo, char **out, const volatile int *cancel, struct error *err)
{
	auto_close int fd = -1;
	auto_free char *block = NULL;
	char text[DIGEST_TEXT_MAX];
	struct digest d;
	ssize_t n;

	if (digest_init(&d, algo, err) < 0)
		return -1;
	fd = fs_open(path, NULL, err);
	if (fd < 0)
		return -1;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	block = xrealloc(NULL, BLOCK, 1);
	while ((n = read(fd, block, BLOCK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "read %s", path);
		if (cancel && *cancel)
			return error_set(err, ERR_CANCELLED, "%s: cancelled", path);
		digest_update(&d, block, (size_t)n);
	}
	digest_text(&d, text);
	*out = xstrdup(text);
	return 0;
}
