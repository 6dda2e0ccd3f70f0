#include "guest/init/services.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/init/accounts.h"
#include "guest/init/cidata.h"
#include "guest/init/log.h"
#include "guest/init/modules.h"
#include "guest/init/setup.h"
#include "guest/init/spawn.h"

#define KEY "/etc/dropbear/dropbear_ed25519_host_key"
#define TMP_KEY "/etc/dropbear/dropbear_ed25519_host_key.tmp"

enum { MAX_KEY = 4096, MAX_ENVIRONMENT = 1 << 20 };

/* The host knows this guest by the key that it gave it; 83 bytes, which no half-written file of ours would stand in for. */
static bool
host_key_given(void)
{
	AUTO(buf) given = BUF_INIT;
	AUTO(buf) have = BUF_INIT;
	struct error err;

	if (fs_read_if(CIDATA_DIR "/dropbear_ed25519_host_key", &given, MAX_KEY, NULL) != 1)
		return false;
	mkdir("/etc/dropbear", 0700);
	if (fs_read_if(KEY, &have, MAX_KEY, NULL) == 1 && have.len == given.len && memcmp(have.s, given.s, given.len) == 0)
		return true;
	if (fs_write(KEY, given.s, given.len, 0600, &err) == 0)
		return true;
	init_say("%s", err.msg);
	return false;
}

void
services_host_key(void)
{
	const char *argv[] = { "/usr/bin/dropbearkey", "-t", "ed25519", "-f", TMP_KEY, NULL };
	struct error err;
	struct stat st;
	int status;

	if (host_key_given())
		return;
	/* dropbear's format: two strings, "ssh-ed25519" and 64 bytes */
	if (stat(KEY, &st) == 0 && st.st_size >= 4 + 11 + 4 + 64)
		return;
	mkdir("/etc/dropbear", 0700);
	unlink(TMP_KEY);
	status = spawn_wait(spawn_start(&(struct spawn){ .argv = argv, .log = "/dev/null" }));
	if (status != 0)
		init_say("dropbearkey: %s", spawn_status(status).s);
	else if (fs_commit(TMP_KEY, KEY, &err) < 0)
		init_say("%s", err.msg);
}

/* What /etc/environment says when the server is started: the host writes it anew while the guest runs, and ends the server then. */
static void
services_login_env(void)
{
	AUTO(buf) text = BUF_INIT;
	struct env env = { 0 };

	env_set(&env, "LANG", "C.UTF-8");
	if (fs_read_if("/etc/environment", &text, MAX_ENVIRONMENT, NULL) == 1)
		env_parse_pam(&env, text.s, text.len);
	environ = env.v;
}

void
services_ssh(void)
{
	/* No passwords, no root; -e: sessions get its environment, which is /etc/environment's; -W: window for TCG's slow round trips. */
	const char *argv[] = { "/usr/sbin/dropbear", "-F", "-s", "-w", "-e", "-m", "-W", "262144", "-r", KEY, "-p", "22", "-P", "/run/dropbear.pid", NULL };

	spawn_service("dropbear", &(struct spawn){ .argv = argv, .ready = services_login_env });
}

static bool
services_same_file(const char *a, const char *b)
{
	auto_close int fa = open(a, O_RDONLY | O_CLOEXEC), fb = open(b, O_RDONLY | O_CLOEXEC);
	char ba[16384], bb[16384];
	ssize_t n;

	if (fa < 0 || fb < 0)
		return false;
	while ((n = read(fa, ba, sizeof ba)) > 0)
		if (read(fb, bb, sizeof bb) != n || memcmp(ba, bb, (size_t)n) != 0)
			return false;
	return n == 0 && read(fb, bb, 1) == 0;
}

static bool
services_install(const char *from, const char *to)
{
	auto_free char *tmp = fs_tmp(to);
	auto_free char *dir = xstrndup(to, (size_t)(strrchr(to, '/') - to));
	struct error err;

	if (services_same_file(from, to))
		return true;
	unlink(tmp);
	if (fs_mkdirs(dir, 0755, &err) < 0 || fs_copy(from, tmp, 0755, &err) < 0) {
		init_say("%s", err.msg);
		return false;
	}
	if (chmod(tmp, 0755) == 0 && rename(tmp, to) == 0)
		return true;
	say_errno("install %s", to);
	return false;
}

/* What udev would do: /dev/virtio-ports/NAME, by which agents other than ours find their port. */
static void
name_virtio_ports(void)
{
	auto_dir DIR *d = opendir("/sys/class/virtio-ports");

	mkdir("/dev/virtio-ports", 0755);
	for (struct dirent *e; d && (e = readdir(d));) {
		auto_free char *path = xasprintf("/sys/class/virtio-ports/%s/name", e->d_name), *to = xasprintf("../%s", e->d_name);
		AUTO(buf) name = BUF_INIT;
		struct error err;

		if (*e->d_name == '.' || fs_read(path, &name, 256, &err) < 0)
			continue;
		while (name.len && name.s[name.len - 1] == '\n')
			buf_truncate(&name, name.len - 1);
		auto_free char *link = xasprintf("/dev/virtio-ports/%s", name.s);

		if (*name.s && *name.s != '.' && !strchr(name.s, '/') && symlink(to, link) < 0 && errno != EEXIST)
			say_errno("%s", link);
	}
}

void
services_agent(const struct cidata *c, const struct setup_user *u)
{
	const char *prefix = cidata_str(c, "GUEST_INSTALL_PREFIX");
	auto_free char *to = xasprintf("%s/bin/lima-guestagent", account_path_ok(prefix) ? prefix : "/usr/local");
	auto_free char *uid = xasprintf("%u", (unsigned)u->uid);
	const char *virtio = cidata_str(c, "VIRTIO_PORT"), *vsock = cidata_str(c, "VSOCK_PORT");
	const char *argv[] = { to, "daemon", "--socket-owner", uid, NULL };

	if (cidata_is(c, "PLAIN") || access(CIDATA_DIR "/lima-guestagent", F_OK) < 0)
		return;
	modules_load("agent");
	name_virtio_ports();
	if (*virtio)
		argv[2] = "--virtio-port", argv[3] = virtio;
	else if (*vsock && strcmp(vsock, "0") != 0)
		argv[2] = "--vsock-port", argv[3] = vsock;
	if (services_install(CIDATA_DIR "/lima-guestagent", to))
		spawn_service("lima-guestagent", &(struct spawn){ .argv = argv, .log = "/var/log/lima-guestagent.log" });
}
