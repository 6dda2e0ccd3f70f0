/* user-data: what cloud-init makes of a guest. cloud-init: cloud-config */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "providers/ssh/host_key.h"
#include "providers/written.h"
#include "resources/cidata_files.h"

enum { MAX_CERT = 1 << 20 };

static void
cidata_user_line(struct buf *b, const char *key, const char *value)
{
	buf_addf(b, "%s: ", key);
	quote_yaml(b, value);
	buf_addc(b, '\n');
}

/* lima-vm/lima: pkg/limayaml/defaults.go, pkg/cidata/cidata.go */
static const char *
mount_options(struct arena *a, const char *type, const struct spec_mount *m)
{
	const char *access = m->writable ? "rw" : "ro";

	if (strcmp(type, "9p") != 0)
		return arena_printf(a, "%s,nofail", access);
	return arena_printf(a, "%s,trans=virtio,version=%s,msize=%llu,cache=%s,nofail", access, m->p9.protocol_version,
			    (unsigned long long)m->p9.msize_bytes, m->p9.cache);
}

/* Each mount is on a line of its own, which readers other than cloud-init look for. Mounts by sshfs are not among them. */
static void
cidata_user_put_mounts(struct buf *b, struct arena *a, const struct spec *spec)
{
	const char *type = spec->mount_type;

	if (!spec->nmounts || (strcmp(type, "9p") != 0 && strcmp(type, "virtiofs") != 0))
		return;
	buf_adds(b, "\nmounts:\n");
	for (size_t i = 0; i < spec->nmounts; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		buf_addf(b, "- [%s, ", m->tag);
		quote_yaml(b, m->mount_point);
		buf_addf(b, ", %s, ", type);
		quote_yaml(b, mount_options(a, type, m));
		buf_adds(b, ", \"0\", \"0\"]\n");
	}
}

/*
 * The full name as useradd takes it, which refuses a colon and a line break and would
 * leave a guest without its user. `text` is UTF-8; its C1 controls begin with 0xc2.
 */
static const char *
full_name(struct arena *a, const char *text)
{
	AUTO(buf) b = BUF_INIT;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p++;
		else if (*p == ':')
			buf_addc(&b, ' ');
		else if (*p >= ' ' && *p != 0x7f)
			buf_addc(&b, (char)*p);
	}
	return arena_strdup(a, b.s);
}

/*
 * cloud-init wants ssh_authorized_keys and warns of the other spelling, which is the one
 * that alpine-lima looks for, in any line: the keys are what is between that and a blank one.
 */
static void
cidata_user_put(struct buf *b, struct arena *a, const struct spec *spec, const struct key_list *keys)
{
	const char *name = full_name(a, spec->user.comment);

	buf_adds(b, "\nusers:\n");
	cidata_user_line(b, "  - name", spec->user.name);
	buf_addf(b, "    uid: %u\n", spec->user.uid);
	if (*name)
		cidata_user_line(b, "    gecos", name);
	cidata_user_line(b, "    homedir", spec->user.home);
	cidata_user_line(b, "    shell", spec->user.shell);
	buf_adds(b, spec->user.passwordless_sudo ? "    sudo: ALL=(ALL) NOPASSWD:ALL\n    lock_passwd: true\n" :
						   "    sudo: ALL=(ALL) ALL\n    lock_passwd: false\n");
	buf_adds(b, "    ssh_authorized_keys:\n      # ssh-authorized-keys\n");
	for (size_t i = 0; i < keys->n; i++) {
		buf_adds(b, "      - ");
		quote_yaml(b, keys->v[i].line);
		buf_addc(b, '\n');
	}
	/* RSA keys take long to make, and every client knows these */
	buf_adds(b, "\nssh_genkeytypes: [ed25519, ecdsa]\n");
}

/* A PEM block is written with trimmed lines and without empty ones, so that the guest finds it again in its list of certificates. */
static const char *
tidy_pem(struct arena *a, const char *text)
{
	AUTO(buf) b = BUF_INIT;

	while (*text) {
		size_t len = strcspn(text, "\n"), cut = len;
		const char *next = text + len + (text[len] == '\n');

		while (cut && isspace((unsigned char)*text)) {
			text++;
			cut--;
		}
		while (cut && isspace((unsigned char)text[cut - 1]))
			cut--;
		if (cut)
			buf_addf(&b, "%.*s\n", (int)cut, text);
		text = next;
	}
	return arena_strdup(a, b.s);
}

struct certs {
	const char **v;
	size_t n;
};

static void
take_cert(struct certs *c, struct arena *a, const char *text)
{
	const char *pem = tidy_pem(a, text);

	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->v[i], pem))
			return;
	if (*pem)
		c->v[c->n++] = pem;
}

static int
put_certs(struct buf *b, struct arena *a, const char *home, const struct spec *spec, struct error *err)
{
	struct certs c = { arena_alloc(a, (spec->ca.nfiles + spec->ca.ncerts + 1) * sizeof *c.v), 0 };

	for (size_t i = 0; i < spec->ca.nfiles; i++) {
		AUTO(buf) text = BUF_INIT;

		if (written_read(home, spec->ca.files[i], &text, MAX_CERT, err) < 0)
			return error_wrap(err, "caCerts.files");
		take_cert(&c, a, text.s);
	}
	for (size_t i = 0; i < spec->ca.ncerts; i++)
		take_cert(&c, a, spec->ca.certs[i]);
	if (!spec->ca.remove_defaults && !c.n)
		return 0;
	buf_adds(b, "\nca_certs:\n");
	if (spec->ca.remove_defaults)
		buf_adds(b, "  remove_defaults: true\n");
	for (size_t i = 0; i < c.n; i++) {
		buf_adds(b, i ? "  - " : "  trusted:\n  - ");
		quote_yaml(b, c.v[i]);
		buf_addc(b, '\n');
	}
	return 0;
}

static void
put_name_servers(struct buf *b, const struct spec *spec)
{
	const char *const *dns;
	size_t n = cidata_name_servers(spec, &dns);

	if (n)
		buf_adds(b, "\nmanage_resolv_conf: true\nresolv_conf:\n  nameservers:\n");
	for (size_t i = 0; i < n; i++) {
		buf_adds(b, "  - ");
		quote_yaml(b, dns[i]);
		buf_addc(b, '\n');
	}
}

int
cidata_user_data(const char **out, struct arena *a, const char *home, const struct spec *spec, const struct key_list *keys,
		 bool reference, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	buf_adds(&b, "#cloud-config\n# vim:syntax=yaml\n\ngrowpart:\n  mode: auto\n  devices: [\"/\"]\n");
	if (spec->upgrade_packages)
		buf_adds(&b, "\npackage_update: true\npackage_upgrade: true\npackage_reboot_if_required: true\n");
	if (!reference)
		cidata_user_put_mounts(&b, a, spec);
	cidata_user_put(&b, a, spec, keys);
	if (!reference)
		put_name_servers(&b, spec);
	if (put_certs(&b, a, home, spec, err) < 0)
		return -1;
	*out = arena_strdup(a, b.s);
	return 0;
}

void
cidata_host_key(struct buf *b, const char *user_data, const struct host_key *key)
{
	buf_addf(b, "%s\nssh_keys:\n", user_data);
	cidata_user_line(b, "  ed25519_private", key->pem);
	cidata_user_line(b, "  ed25519_public", key->public);
}

void
cidata_host_key_later(struct buf *b, const char *user_data)
{
	buf_addf(b, "%s\nssh_deletekeys: false\n", user_data);
}

const char *
cidata_always(struct arena *a, const struct spec *spec, bool reference)
{
	AUTO(buf) b = BUF_INIT;

	if (*spec->timezone) {
		buf_addc(&b, '\n');
		cidata_user_line(&b, "timezone", spec->timezone);
	}
	if (!reference)
		cidata_write_files(&b);
	cidata_bootcmd(&b, a, spec);
	return arena_strdup(a, b.s);
}
