/*
 * providers/ssh/keys.h - the SSH key pair of this Lima home, and the keys that guests accept.
 *
 * `_config/user` and `user.pub` are those of upstream: ed25519, no passphrase,
 * comment "lima". Private keys never enter a log, an error or a fact.
 */
#pragma once
#include <stddef.h>

struct arena;
struct error;

/*
 * Makes the pair unless it is there; the folder too (0700). Safe against others
 * doing the same (flock on the folder, as upstream) and against a crash: the private
 * key appears last, whole. A public key that got lost is made from the private one.
 * Lazy half.
 */
int keys_ensure(const char *config_dir, struct error *err);
/* A new ed25519 pair, 0600 and 0644; `public` NULL: that half is not written. Lazy half. */
int keys_make(const char *secret, const char *public, struct error *err);

/*
 * Is `user.pub` there and a public key? 1; 0: it is to be made, from `user` if that is there; -1: that cannot be told.
 * `stamp` (in `a`) is of the file. Light half.
 */
int keys_public_look(const char *config_dir, struct arena *a, const char **stamp, struct error *err);

struct key_list {
	struct key {
		char *file;		/* where it was read: .../user.pub */
		char *line;		/* "ssh-ed25519 AAAA... comment", no newline */
	} *v;
	size_t n, cap;
};

void key_list_release(struct key_list *l);

/*
 * Appends the public keys for guests: user.pub, then those of the folder `dot_ssh`
 * (NULL: none wanted), which are its files NAME.pub in order of name. One of these
 * that is no key is skipped, and `warn` (or NULL) told; user.pub must be one. Light half.
 */
int keys_authorized(const char *config_dir, const char *dot_ssh, struct key_list *out,
		    void (*warn)(void *ctx, const char *text), void *ctx, struct error *err);
