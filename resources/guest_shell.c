#include "resources/guest_shell.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/launch.h"
#include "providers/ssh/host_key.h"
#include "providers/ssh/ssh.h"
#include "resources/ssh_access.h"
#include "state/desired/spec/spec.h"

int
guest_shell(const struct env *env, const struct spec *spec, const struct guest_shell *s, const struct buf *input, struct buf *out,
	    struct error *err)
{
	const struct driver *driver = driver_find(spec->vm_type);
	auto_free char *known = host_key_known(spec->dir);
	AUTO(arena) a = { 0 };
	AUTO(buf) said = BUF_INIT;
	struct ssh_target to = { .port = s->port, .user = spec->user.name, .known_hosts = known };
	struct ssh_command c = {
		.command = s->as_user ? "exec /bin/sh -s" : "exec sudo -n /bin/sh -s", .input = input->s, .input_len = input->len, .out = out, .err = &said,
		.max_output = s->max_output, .timeout_ms = s->timeout_ms, .cancel = env->cancel,
	};
	int status;

	to.keys = ssh_access_keys(&a, env, spec, &to.nkeys);
	if ((driver && driver->run ? driver->run(spec->dir, &c, &status, err) : ssh_run(&to, &c, &status, err)) < 0)
		return -1;
	if (status == 0)
		return 0;
	return error_set(err, ERR_CHILD, "the guest's shell: exit status %d%s%.300s", status, said.len ? ": " : "", said.len ? said.s : "");
}

const char *
guest_shell_prefix(const struct spec *spec, struct arena *a)
{
	const struct driver *driver = driver_find(spec->vm_type);

	return driver && driver->run ? arena_printf(a, "%s/guest", spec->dir) : "";
}

int
guest_shell_port(const char *dir)
{
	auto_free char *path = xasprintf("%s/launch.json", dir);
	AUTO(launch) l = { 0 };

	return launch_load(&l, path, NULL) < 0 ? 0 : l.ssh.port;
}
