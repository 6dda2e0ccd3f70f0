#include "resources/ssh_access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/driver.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/ssh_config.h"

/* 1: it is a key to offer; 0: there is none, or what ssh would wait for, a FIFO; -1: that cannot be told. */
static int
access_key_look(const char *file, struct error *err)
{
	struct error why = { 0 };
	auto_close int fd = fs_open(file, NULL, &why);

	if (fd >= 0)
		return 1;
	return why.code == ENOENT || why.code == EINVAL || why.code == EACCES || why.code == ELOOP ? 0 : error_set(err, why.code, "%s", why.msg);
}

/* _config/user, then the private keys beside the public ones that guests accept; NULL with err: they cannot be read. */
static const char *const *
access_keys_read(struct arena *a, const struct env *env, const struct spec *spec, size_t *n, struct error *err)
{
	AUTO(key_list) keys = { 0 };
	const char **v;

	*n = 0;
	if (ssh_access_public(&keys, env, spec, err) < 0)
		return NULL;
	v = arena_alloc(a, (keys.n + 2) * sizeof *v);
	for (size_t i = 0; i < keys.n; i++) {
		char *file = arena_strdup(a, keys.v[i].file);
		int there;

		file[strlen(file) - strlen(".pub")] = '\0';
		if ((there = access_key_look(file, err)) < 0)
			return NULL;
		if (there)
			v[(*n)++] = file;
	}
	return v;
}

const char *const *
ssh_access_keys(struct arena *a, const struct env *env, const struct spec *spec, size_t *n)
{
	static const char *const none[1];
	const char *const *v = access_keys_read(a, env, spec, n, NULL);

	if (!v)
		*n = 0;
	return v ? v : none;
}

int
ssh_access_public(struct key_list *out, const struct env *env, const struct spec *spec, struct error *err)
{
	auto_free char *config = xasprintf("%s/_config", env->home);
	const char *home = getenv("HOME");
	auto_free char *dot_ssh = xasprintf("%s/.ssh", home ? home : "");

	return keys_authorized(config, spec->ssh.load_dot_ssh && home ? dot_ssh : NULL, out, NULL, NULL, err);
}

/*
 * A guest that another version started shows a key that nobody knows, as long as it runs; one that is started next
 * is known as soon as its host agent has seen it.
 */
bool
ssh_access_recognizes(const char *dir)
{
	auto_free char *known = host_key_known(dir);
	pid_t machine;

	return known || (!ha_pid(dir) && !driver_of(dir, &machine));
}

static void
ssh_access_config(struct ssh_config *out, struct arena *a, const struct env *env, const struct spec *spec, int port)
{
	*out = (struct ssh_config){
		.hostname = spec->hostname, .address = "127.0.0.1", .port = port, .user = spec->user.name,
		.control_path = arena_printf(a, "%s/ssh.sock", spec->dir),
		.forward_agent = spec->ssh.forward_agent, .forward_x11 = spec->ssh.forward_x11,
		.forward_x11_trusted = spec->ssh.forward_x11_trusted,
	};
	if (ssh_access_recognizes(spec->dir))
		out->known_hosts = arena_printf(a, "%s/" HOST_KEY_KNOWN, spec->dir);
	out->keys = ssh_access_keys(a, env, spec, &out->nkeys);
}

int
ssh_access_options(struct arena *a, const struct env *env, const struct spec *spec, int port, bool ask, const char *const **out,
		   struct error *err)
{
	struct ssh_config c;

	ssh_access_config(&c, a, env, spec, port);
	if (!ask || ssh_features(&c.features, NULL) < 0)
		ssh_features_usual(&c.features);
	return ssh_config_options(&c, a, out, err);
}

int
ssh_access_write(const struct env *env, const struct spec *spec, int port, struct error *err)
{
	AUTO(arena) a = { 0 };
	struct ssh_config c;

	ssh_access_config(&c, &a, env, spec, port);
	/* What stays must be right: without its keys nobody would get in, and nothing would say why. */
	c.keys = access_keys_read(&a, env, spec, &c.nkeys, err);
	if (!c.keys)
		return -1;
	if (ssh_features(&c.features, err) < 0)
		return -1;
	return ssh_config_write(arena_printf(&a, "%s/ssh.config", spec->dir), &c, err);
}

const char *
ssh_access_words(struct arena *a, const struct spec *spec)
{
	return arena_printf(a, "%s%s%s%s%s", spec->user.name, spec->ssh.load_dot_ssh ? " dot-ssh" : "",
			    spec->ssh.forward_agent ? " agent" : "", spec->ssh.forward_x11 ? " x11" : "",
			    spec->ssh.forward_x11_trusted ? " x11-trusted" : "");
}
