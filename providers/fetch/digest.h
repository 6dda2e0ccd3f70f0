/*
 * providers/fetch/digest.h - digests of bytes and files: sha256, sha384, sha512.
 *
 * A digest is written as in lima.yaml and OCI: "sha256:" and lower-case hex.
 * Light: three functions of the static libcrypto (50 KB with SHA-NI and AVX2
 * code), because loading the shared one takes 0.6 ms of every start.
 */
#pragma once
#include <stddef.h>

#include "base/sha256.h"

struct error;

enum {
	DIGEST_ALGO_MAX = sizeof "sha512",
	DIGEST_TEXT_MAX = sizeof "sha512:" + 128,
};

/* Under way; plain memory, nothing to free. Read its `algo`, nothing else. */
struct digest {
	char algo[DIGEST_ALGO_MAX];
	_Alignas(8) unsigned char state[224];
};

/* `algo`: "sha256", or a whole "sha256:HEX"; another one is ERR_INVALID. */
int digest_init(struct digest *d, const char *algo, struct error *err);
void digest_update(struct digest *d, const void *p, size_t len);
/* "sha256:HEX"; to be begun anew afterwards. */
void digest_text(struct digest *d, char out[DIGEST_TEXT_MAX]);

/* Is this the text of a digest? ERR_INVALID says what is wrong with it. */
int digest_parse(const char *text, struct error *err);

/*
 * "algo:hex" of a file, to free. `algo` as for digest_init(). A non-zero *cancel
 * (NULL: never) is ERR_CANCELLED.
 */
int digest_file(const char *path, const char *algo, char **out, const volatile int *cancel, struct error *err);
