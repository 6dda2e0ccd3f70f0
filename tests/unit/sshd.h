/*
 * tests/unit/sshd.h - an OpenSSH server of the test's own, on a free port of
 * 127.0.0.1, that lets in whoever runs the test by a key made for it.
 */
#pragma once
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "providers/ssh/ssh_config.h"
#include "tests/unit/test.h"

struct sshd {
	pid_t pid;
	int port;
	char *key;		/* private key file that is let in */
	const char *user;
};

static inline void
sshd_keygen(const char *path)
{
	const char *argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL };
	struct error err;

	ok(proc_run(argv, NULL, &err));
}

/* Waits until it listens: its pid file is written after that. */
static inline void
sshd_await(const char *path)
{
	for (int i = 0; i < 500 && !fs_exists(path); i++)
		usleep(20000);
	assert_true(fs_exists(path));
}

static inline struct sshd
sshd_start(const char *name, const char *more_options)
{
	auto_free char *dir = test_path(name), *config = xasprintf("%s/config", dir), *host = xasprintf("%s/host", dir);
	auto_free char *pidfile = xasprintf("%s/pid", dir), *pub = NULL;
	const char *argv[] = { "timeout", "300", "/usr/sbin/sshd", "-D", "-e", "-f", config, NULL };
	struct sshd s = { .port = ssh_free_port(NULL), .key = xasprintf("%s/key", dir), .user = getpwuid(getuid())->pw_name };
	AUTO(buf) text = BUF_INIT;
	struct error err;

	pub = xasprintf("%s.pub", s.key);
	ok(fs_mkdirs(dir, 0700, &err));
	if (getuid() == 0)
		ok(fs_mkdirs("/run/sshd", 0755, &err));
	sshd_keygen(host);
	sshd_keygen(s.key);
	buf_addf(&text, "ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nPidFile %s\nStrictModes no\n"
			"UsePAM no\nPasswordAuthentication no\nLogLevel ERROR\n%s\n",
		 s.port, host, pub, pidfile, more_options ? more_options : "");
	ok(fs_write(config, text.s, text.len, 0600, &err));
	s.pid = proc_daemon(argv, &(struct proc_daemon){ 0 }, &err);
	assert_true(s.pid > 0);
	sshd_await(pidfile);
	return s;
}

static inline void
sshd_stop(struct sshd *s)
{
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	free(s->key);
}
