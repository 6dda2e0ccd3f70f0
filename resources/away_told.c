#include "resources/away_told.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "providers/disk/iso9660.h"
#include "providers/pack_gzip.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/keys.h"
#include "resources/cidata_files.h"
#include "resources/provision_list.h"

enum { VOLUME_MAX = 64 << 20, DIGEST = 32 };

char *
away_guest_dir(const char *home, const char *name)
{
	return xasprintf("%s/" CLUSTER_FOLDER "/%s.guest", home, name);
}

/* Nobody of ours is beside it: no host agent, no folders, no name server, and no disk that a driver names. */
static struct spec
told_plain(const struct spec *spec, const char *dir)
{
	struct spec s = *spec;

	s.dir = dir;
	s.plain = true;
	s.resolver.enabled = false;
	s.nmounts = s.ndisks = s.nnetworks = 0;
	s.containerd.system = s.containerd.user = false;
	return s;
}

const char *
away_told_digest(struct arena *a, const struct spec *spec)
{
	struct spec s = told_plain(spec, "");
	AUTO(buf) b = BUF_INIT;
	char hex[65];

	buf_addf(&b, "%s\n%u\n%s\n%s\n%s\n%d\n%s\n%d\n%s\n", s.user.name, s.user.uid, s.user.comment, s.user.home, s.user.shell, s.user.passwordless_sudo,
		 s.timezone, s.upgrade_packages, s.hostname);
	buf_adds(&b, cidata_param_env(a, &s));
	buf_adds(&b, cidata_etc_environment(a, &s, CIDATA_ENV_OURS));
	for (size_t i = 0; i < s.nprovision; i++)
		if (provision_is_guests(&s, i))
			buf_addf(&b, "%s %d %zu\n%s\n", provision_file(a, &s, i), (int)s.provision[i].mode, strlen(provision_text(&s, i)), provision_text(&s, i));
	for (size_t i = 0; i < s.ndns; i++)
		buf_addf(&b, "dns %s\n", s.dns[i]);
	sha256_hex(b.s, b.len, hex);
	explicit_bzero(b.s, b.len);
	return arena_memdup(a, hex, DIGEST);
}

static int
told_keys(const char *home, const char *dir, struct error *err)
{
	auto_free char *config = xasprintf("%s/_config", home), *path = xasprintf("%s/" HOST_KEY_FILE, dir);
	AUTO(host_key) key = { 0 };

	if (fs_mkdirs(dir, 0700, err) < 0 || fs_mkdirs(config, 0700, err) < 0 || keys_ensure(config, err) < 0)
		return -1;
	if (host_key_load(&key, path, NULL) == 0)
		return 0;
	return fs_make_room(path, err) < 0 ? -1 : keys_make(path, NULL, err);
}

/* It is a file for as long as it takes to read it, and for nobody else. */
static int
told_volume(const char *dir, const struct cidata *c, struct buf *iso, struct error *err)
{
	auto_free char *tmp = xasprintf("%s/cidata.iso", dir), *id = xasprintf("LIMA:%s:%s", c->contents, c->tools);
	int r = iso_write(tmp, "cidata", id, c->v, c->n, err) < 0 ? -1 : fs_read(tmp, iso, VOLUME_MAX, err);

	unlink(tmp);
	return r;
}

int
away_told(struct cluster_told *out, struct arena *a, const struct env *env, const struct spec *spec, struct error *err)
{
	auto_free char *dir = away_guest_dir(env->home, spec->name);
	struct spec s = told_plain(spec, dir);
	AUTO(buf) iso = BUF_INIT, packed = BUF_INIT;
	AUTO(cidata) c = { 0 };

	if (told_keys(env->home, dir, err) < 0 || cidata_render(&c, env, &s, NULL, err) < 0 || told_volume(dir, &c, &iso, err) < 0 ||
	    pack_gzip(&packed, iso.s, iso.len, err) < 0)
		return -1;
	*out = (struct cluster_told){
		.volume = arena_memdup(a, packed.s, packed.len), .len = packed.len, .unpacked = iso.len, .mac = cidata_mac(a, &s),
		.user = arena_strdup(a, s.user.name), .host_key = arena_strdup(a, c.host_key ? c.host_key : ""), .digest = away_told_digest(a, spec),
	};
	explicit_bzero(iso.s, iso.len);
	explicit_bzero(packed.s, packed.len);
	return 0;
}
