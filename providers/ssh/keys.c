#include "providers/ssh/keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"

enum { KEY = 32, PEM_LINE = 70 };

static const char TYPE[] = "ssh-ed25519", COMMENT[] = "lima";

struct pair {
	unsigned char secret[KEY], public[KEY];
	uint32_t check;		/* random; twice in the file, to tell a wrong passphrase by */
};

/* RFC 4251, section 5 */
static void
put_u32(struct buf *b, size_t v)
{
	uint32_t n = htonl((uint32_t)v);

	buf_add(b, &n, sizeof n);
}

static void
put_string(struct buf *b, const void *p, size_t len)
{
	put_u32(b, len);
	buf_add(b, p, len);
}

static void
put_public(struct buf *b, const struct pair *k)
{
	put_string(b, TYPE, sizeof TYPE - 1);
	put_string(b, k->public, KEY);
}

static int
ssh_keys_generate(struct pair *k, struct error *err)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t n = KEY, m = KEY;
	bool done = key && EVP_PKEY_get_raw_private_key(key, k->secret, &n) == 1 &&
		    EVP_PKEY_get_raw_public_key(key, k->public, &m) == 1 && n == KEY && m == KEY &&
		    RAND_bytes((unsigned char *)&k->check, sizeof k->check) == 1;

	EVP_PKEY_free(key);
	if (done)
		return 0;
	ERR_clear_error();	/* whose texts say nothing to a user */
	return error_set(err, EIO, "making an SSH key: libcrypto failed");
}

static void
put_base64(struct buf *out, const struct buf *in, size_t line)
{
	char *text = xcalloc(in->len / 3 + 2, 4);
	size_t len = (size_t)EVP_EncodeBlock((unsigned char *)text, (unsigned char *)in->s, (int)in->len);

	for (size_t at = 0; at < len; at += line) {
		buf_add(out, text + at, len - at < line ? len - at : line);
		if (line < len)
			buf_addc(out, '\n');
	}
	OPENSSL_cleanse(text, len);
	free(text);
}

static void
ssh_keys_public_text(struct buf *out, const struct pair *k)
{
	AUTO(buf) blob = BUF_INIT;

	put_public(&blob, k);
	buf_addf(out, "%s ", TYPE);
	put_base64(out, &blob, SIZE_MAX / 2);
	buf_addf(out, " %s\n", COMMENT);
}

/* OpenSSH, PROTOCOL.key: cipher and key derivation "none" */
static void
private_text(struct buf *out, const struct pair *k)
{
	AUTO(buf) all = BUF_INIT, inner = BUF_INIT, public = BUF_INIT;

	buf_reserve(&all, 1024);	/* nothing secret is left behind by growing */
	buf_reserve(&inner, 512);
	buf_reserve(out, 1024);
	put_public(&public, k);
	buf_add(&inner, &k->check, sizeof k->check);
	buf_add(&inner, &k->check, sizeof k->check);
	put_public(&inner, k);
	put_u32(&inner, 2 * KEY);
	buf_add(&inner, k->secret, KEY);
	buf_add(&inner, k->public, KEY);
	put_string(&inner, COMMENT, sizeof COMMENT - 1);
	for (char pad = 1; inner.len % 8; pad++)
		buf_addc(&inner, pad);

	buf_add(&all, "openssh-key-v1", sizeof "openssh-key-v1");	/* with its NUL */
	put_string(&all, "none", 4);
	put_string(&all, "none", 4);
	put_string(&all, "", 0);
	put_u32(&all, 1);
	put_string(&all, public.s, public.len);
	put_string(&all, inner.s, inner.len);
	buf_adds(out, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	put_base64(out, &all, PEM_LINE);
	buf_adds(out, "-----END OPENSSH PRIVATE KEY-----\n");
	OPENSSL_cleanse(inner.s, inner.len);
	OPENSSL_cleanse(all.s, all.len);
}

int
keys_make(const char *secret, const char *public, struct error *err)
{
	AUTO(buf) pub = BUF_INIT, priv = BUF_INIT;
	struct pair k;
	int r;

	if (ssh_keys_generate(&k, err) < 0)
		return -1;
	ssh_keys_public_text(&pub, &k);
	private_text(&priv, &k);
	OPENSSL_cleanse(&k, sizeof k);
	/* The private key comes last, because its presence means that the pair is there. */
	r = public ? fs_write(public, pub.s, pub.len, 0644, err) : 0;
	if (!r)
		r = fs_write(secret, priv.s, priv.len, 0600, err);
	OPENSSL_cleanse(priv.s, priv.len);
	return r;
}

/* The key may be of any kind: a user may have put his own there. */
static int
recover_public(const char *secret, const char *public, struct error *err)
{
	const char *argv[] = { "ssh-keygen", "-y", "-P", "", "-f", secret, NULL };
	AUTO(buf) out = BUF_INIT;

	if (proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = 30000 }, err) < 0)
		return error_wrap(err, "%s is not there, and cannot be made from %s", public, secret);
	return fs_write(public, out.s, out.len, 0644, err);
}

int
keys_ensure(const char *config_dir, struct error *err)
{
	auto_free char *secret = xasprintf("%s/user", config_dir), *public = xasprintf("%s/user.pub", config_dir);
	auto_close int lock = -1;
	int there;

	if (fs_exists(secret) && fs_exists(public))
		return 0;
	if (fs_mkdirs(config_dir, 0700, err) < 0)
		return -1;
	lock = fs_lock(config_dir, true, err);
	if (lock < 0)
		return -1;
	there = fs_look(secret, NULL, err);	/* whoever had the lock may have made it meanwhile */
	if (there <= 0)
		return there < 0 ? -1 : keys_make(secret, public, err);
	there = fs_look(public, NULL, err);
	return there ? (there < 0 ? -1 : 0) : recover_public(secret, public, err);
}
