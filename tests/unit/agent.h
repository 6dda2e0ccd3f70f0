/*
 * tests/unit/agent.h - a host agent under test, as limactl drives it (hostagent/protocol/ha_client.h), with
 * a QEMU that has no machine, and an OpenSSH server of this host in the place of the guest:
 * its login shell sees PREFIX/ where a guest would see /run/.
 */
#pragma once
#include <dirent.h>
#include <sys/stat.h>

#include "hostagent/protocol/forward_rule.h"
#include "hostagent/protocol/ha_client.h"
#include "providers/launch.h"
#include "providers/drivers/qemu/proc.h"
#include "tests/unit/sshd.h"

/* For what comes: on a busy machine a login shell alone takes seconds. */
enum { PATIENCE_MS = 120000 };

struct machine {
	char *dir, *pidfile, *qmp, *launch, *program;
	struct launch l;
	const char *argv[24];
	size_t n;
	struct error err;
};

static inline void
word(struct machine *m, const char *s)
{
	m->argv[m->n++] = s;
}

static inline char *
agent_program(void)
{
	char exe[4096] = "", *slash;

	assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
	/* The test is BUILD/tests/FOLDER/test_NAME. */
	for (int up = 0; up < 3; up++) {
		slash = strrchr(exe, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	return xasprintf("%s/libexec/lima/lima-hostagent", exe);
}

static inline void
make(struct machine *m, const char *name)
{
	struct error err;

	*m = (struct machine){ .dir = test_path(name), .program = agent_program() };
	m->pidfile = xasprintf("%s/qemu.pid", m->dir);
	m->qmp = xasprintf("unix:%s/qmp.sock,server=on,wait=off", m->dir);
	m->launch = xasprintf("%s/launch.json", m->dir);
	ok(fs_mkdirs(m->dir, 0700, &err));
	word(m, proc_find("qemu-system-x86_64"));
	assert_non_null(m->argv[0]);
	for (const char *const *w = (const char *const[]){ "-S", "-M", "none", "-display", "none", "-nodefaults", "-qmp", m->qmp,
							   "-pidfile", m->pidfile, NULL }; *w; w++)
		word(m, *w);
	m->l.name = "t";
	m->l.dir = m->dir;
	m->l.machine.driver = "qemu";
	m->l.machine.argv = m->argv;
	m->l.machine.pidfile = m->pidfile;
	m->l.machine.control = m->qmp + strlen("unix:");
	m->l.ssh.port = 1;
	m->l.ssh.user = "nobody";
	m->l.guest.os = "Linux";
	m->l.guest.iid = "iid-1";
	m->l.stop_timeout_ms = 200;
}

static inline int
start(struct machine *m, struct error *err)
{
	auto_free char *socket = xasprintf("%s/qmp.sock", m->dir);
	struct ha_start s = { .program = m->program, .dir = m->dir, .name = "t" };

	m->l.machine.nargv = m->n;
	m->l.machine.control = arena_strdup(&m->l.mem, socket);
	return launch_save(&m->l, m->launch, err) < 0 ? -1 : ha_start(&s, err);
}

/* Nothing that a stopped instance would not have. */
static inline void
assert_clean(struct machine *m)
{
	auto_dir DIR *d = opendir(m->dir);

	assert_int_equal(ha_pid(m->dir), 0);
	assert_int_equal(qemu_pid(m->dir, 1), 0);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".sock") || strstr(e->d_name, ".pid") || strstr(e->d_name, ".tmp"))
			fail_msg("%s is left behind", e->d_name);
}

static inline void
done(struct machine *m)
{
	auto_free char *log = xasprintf("%s/ha.stderr.log", m->dir);
	AUTO(buf) said = BUF_INIT;
	struct error err;

	ok(ha_stop(m->dir, 20000, NULL, &err));
	assert_clean(m);
	/* of the sanitizers, where the program was built with them */
	if (fs_read_if(log, &said, 64 << 20, NULL) == 1 && (strstr(said.s, "Sanitizer") || strstr(said.s, "runtime error")))
		fail_msg("%s", said.s);
	free((char *)(uintptr_t)m->argv[0]);
	free(m->dir);
	free(m->pidfile);
	free(m->qmp);
	free(m->launch);
	arena_release(&m->l.mem);
	free(m->program);
}

static inline char *
log_text(struct machine *m, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", m->dir, name);
	AUTO(buf) b = BUF_INIT;
	struct error err;

	ok(fs_read(path, &b, 1 << 20, &err));
	return buf_detach(&b);
}

/* An sshd whose sessions see DIR/PREFIX where they ask for /run/. */
static inline struct sshd
guest(const char *name)
{
	auto_free char *run = test_path(name), *script = xasprintf("%s-shell", run), *option = NULL;
	AUTO(buf) text = BUF_INIT;
	struct error err;

	ok(fs_mkdirs(run, 0700, &err));
	buf_addf(&text, "#!/bin/sh\nc=$(printf %%s \"$SSH_ORIGINAL_COMMAND\" | sed 's#/run/#%s/#g')\nexec /bin/sh -c \"$c\"\n", run);
	ok(fs_write(script, text.s, text.len, 0700, &err));
	option = xasprintf("ForceCommand %s", script);
	return sshd_start(name, option);
}

static inline void
set_marker(const char *guest_name, const char *marker, const char *text)
{
	auto_free char *name = xasprintf("%s/%s", guest_name, marker), *path = test_path(name);
	struct error err;

	ok(fs_write(path, text, strlen(text), 0644, &err));
}

static inline void
use_guest(struct machine *m, struct sshd *s)
{
	m->l.ssh.port = s->port;
	m->l.ssh.user = s->user;
	m->l.ssh.keys = (const char *const *)&s->key;
	m->l.ssh.nkeys = 1;
}

/* The machine that the agent runs. */
static inline pid_t
qemu_of(struct machine *m)
{
	AUTO(arena) a = { 0 };
	struct ha_info i;
	struct error err;

	ok(ha_info(m->dir, &a, &i, &err));
	return i.machine_pid;
}

/* A rule from a port of the guest to one of this host. */
static inline struct forward_rule
to_port(int guest_port, int host_port)
{
	return (struct forward_rule){ .guest_ip = "127.0.0.1", .host_ip = "127.0.0.1", .guest_port = { guest_port, guest_port },
				      .host_port = { host_port, host_port }, .guest_socket = "", .host_socket = "" };
}
