#include "providers/ssh/host_key.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

enum { MAX_FILE = 64 << 10, MAX_KEY = 16 << 10, HALF = 32 };

static const char TYPE[] = "ssh-ed25519";
static const char BEGIN[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n", END[] = "-----END OPENSSH PRIVATE KEY-----";

/* What is left to be read of a message in SSH's notation (RFC 4251, section 5). */
struct wire {
	const char *p;
	size_t len;
	bool bad;
};

static uint32_t
host_key_wire_u32(struct wire *w)
{
	uint32_t n;

	if (w->len < sizeof n) {
		w->bad = true;
		return 0;
	}
	memcpy(&n, w->p, sizeof n);
	w->p += sizeof n;
	w->len -= sizeof n;
	return ntohl(n);
}

static struct wire
wire_string(struct wire *w)
{
	size_t n = host_key_wire_u32(w);
	struct wire s = { .p = w->p, .len = n };

	if (w->bad || n > w->len) {
		w->bad = true;
		return (struct wire){ 0 };
	}
	w->p += n;
	w->len -= n;
	return s;
}

static bool
wire_is(struct wire s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static void
wire_put(struct buf *b, const void *p, size_t len)
{
	uint32_t n = htonl((uint32_t)len);

	buf_add(b, &n, sizeof n);
	buf_add(b, p, len);
}

/* OpenSSH, PROTOCOL.key: one ed25519 key without a passphrase */
static int
private_parse(struct wire w, struct host_key *k)
{
	static const char magic[] = "openssh-key-v1";
	struct wire inner, public, pair;

	if (w.len < sizeof magic || memcmp(w.p, magic, sizeof magic) != 0)
		return -1;
	w.p += sizeof magic;
	w.len -= sizeof magic;
	if (!wire_is(wire_string(&w), "none") || !wire_is(wire_string(&w), "none"))
		return -1;
	wire_string(&w);
	if (host_key_wire_u32(&w) != 1)
		return -1;
	wire_string(&w);
	inner = wire_string(&w);
	if (w.bad || host_key_wire_u32(&inner) != host_key_wire_u32(&inner) || !wire_is(wire_string(&inner), TYPE))
		return -1;
	public = wire_string(&inner);
	pair = wire_string(&inner);
	if (inner.bad || public.len != HALF || pair.len != sizeof k->pair || memcmp(pair.p + HALF, public.p, HALF) != 0)
		return -1;
	memcpy(k->pair, pair.p, sizeof k->pair);
	return 0;
}

static char *
host_key_public_text(const unsigned char pair[2 * HALF])
{
	AUTO(buf) blob = BUF_INIT;
	struct buf text = BUF_INIT;

	wire_put(&blob, TYPE, strlen(TYPE));
	wire_put(&blob, pair + HALF, HALF);
	buf_addf(&text, "%s ", TYPE);
	base64_encode(&text, blob.s, blob.len);
	return buf_detach(&text);
}

void
host_key_release(struct host_key *k)
{
	if (k->pem)
		explicit_bzero(k->pem, strlen(k->pem));
	free(k->pem);
	free(k->public);
	explicit_bzero(k, sizeof *k);
}

int
host_key_load(struct host_key *out, const char *path, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) blob = BUF_INIT;
	struct host_key k = { 0 };
	const char *end;
	int r;

	if (fs_read(path, &text, MAX_FILE, err) < 0)
		return -1;
	end = strstr(text.s, END);
	r = strncmp(text.s, BEGIN, strlen(BEGIN)) || !end ? -1 :
	    base64_decode(&blob, text.s + strlen(BEGIN), (size_t)(end - text.s) - strlen(BEGIN));
	if (r == 0)
		r = private_parse((struct wire){ .p = blob.s, .len = blob.len }, &k);
	explicit_bzero(blob.s, blob.len);
	if (r < 0) {
		explicit_bzero(text.s, text.len);
		return error_set(err, ERR_INVALID, "%s: not an ed25519 key without a passphrase", path);
	}
	k.pem = buf_detach(&text);
	k.public = host_key_public_text(k.pair);
	*out = k;
	return 0;
}

void
host_key_dropbear(const struct host_key *k, struct buf *out)
{
	wire_put(out, TYPE, strlen(TYPE));
	wire_put(out, k->pair, sizeof k->pair);
}

char *
host_key_known(const char *dir)
{
	auto_free char *path = xasprintf("%s/" HOST_KEY_KNOWN, dir);

	return fs_exists(path) ? steal(path) : NULL;
}

/* "TYPE BASE64" of a key as SSH sends it; NULL: none that could stand in a line. To free. */
static char *
key_line(const void *key, size_t len)
{
	struct wire w = { .p = key, .len = len }, type = wire_string(&w);
	struct buf line = BUF_INIT;

	if (w.bad || len > MAX_KEY || type.len == 0)
		return NULL;
	for (size_t i = 0; i < type.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789@.-", type.p[i]) || !type.p[i])
			return NULL;
	buf_add(&line, type.p, type.len);
	buf_addc(&line, ' ');
	base64_encode(&line, key, len);
	return buf_detach(&line);
}

/* Is `line` ("TYPE BASE64") one of those of the file? Whatever name stands before it: the file is one guest's. */
static bool
known_has(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = text, *at; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		at = p + strcspn(p, " \n");
		if (*p != '#' && *at == ' ' && strncmp(at + 1, line, len) == 0 && strchr(" \r\n", at[1 + len]))
			return true;
	}
	return false;
}

static int
known_write(const struct host_trust *t, const char *line, struct error *err)
{
	auto_free char *text = xasprintf("* %s\n", line);

	return t->put ? t->put(t->ctx, text, err) : fs_write(t->known, text, strlen(text), 0600, err);
}

int
host_trust_check(const struct host_trust *t, const void *key, size_t len, struct error *err)
{
	auto_free char *line = key_line(key, len);
	AUTO(buf) known = BUF_INIT;
	bool ours;
	int r;

	if (!*t->known)
		return 0;
	if (!line)
		return error_set(err, EKEYREJECTED, "ssh: the guest's host key is none");
	r = fs_read_if(t->known, &known, MAX_FILE, err);
	if (r < 0)
		return -1;
	if (known.len && known_has(known.s, line))
		return 0;
	ours = !strcmp(line, t->ours);
	if (!t->pin || (known.len && !ours))
		return error_set(err, EKEYREJECTED, "ssh: whoever answers is not the guest: it shows another host key than that in %s; "
				 "if the guest was given a new one, remove that file and restart it", t->known);
	if (known_write(t, line, err) < 0)
		return -1;
	if (t->say)
		t->say(ours ? "the guest has the host key that it was given: it is known by that from now on" :
		       "the guest has not taken the host key that it was given: it is known by its own from now on");
	return 0;
}
