/*
 * lima-hostagent [--debug] --pidfile FILE --socket FILE --launch FILE NAME
 *
 * The words are those of upstream's `limactl hostagent`, and --launch
 * (providers/launch.h). Of the others' words, those that belong to what is in
 * the launch file are taken and have no effect.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/environment.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/agent.h"
#include "hostagent/mount/confine.h"
#include "hostagent/dns/dns.h"
#include "hostagent/sftpd/main.h"
#include "hostagent/protocol/dns_word.h"
#include "providers/pidfile.h"

struct words {
	const char *pidfile, *socket, *launch, *name;
};

static int
ha_main_parse(int argc, char **argv, struct words *w)
{
	static const struct option options[] = {
		{ "pidfile", required_argument, NULL, 'p' },
		{ "socket", required_argument, NULL, 's' },
		{ "launch", required_argument, NULL, 'l' },
		{ "guestagent", required_argument, NULL, 0 },
		{ "nerdctl-archive", required_argument, NULL, 0 },
		{ "run-gui", no_argument, NULL, 0 },
		{ "progress", no_argument, NULL, 0 },
		{ "debug", no_argument, NULL, 0 },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "p:", options, NULL)) != -1)
		switch (c) {
		case 'p':
			w->pidfile = optarg;
			break;
		case 's':
			w->socket = optarg;
			break;
		case 'l':
			w->launch = optarg;
			break;
		case '?':
			return -1;
		}
	if (!w->pidfile || !w->socket || !w->launch || optind != argc - 1) {
		fprintf(stderr, "usage: lima-hostagent [--debug] --pidfile FILE --socket FILE --launch FILE NAME\n");
		return -1;
	}
	w->name = argv[optind];
	return 0;
}

/* Each forwarded connection is a descriptor. */
static void
raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int
ha_main_run(const struct words *w, struct error *err)
{
	struct agent a = { .name = w->name, .socket_path = w->socket, .pidfile_path = w->pidfile,
			   .launch_path = w->launch, .confine = true };
	auto_free char *made = xasprintf("%s.tmp", w->socket);
	auto_close int pidfile = -1;
	int r;

	if (launch_load(&a.launch, w->launch, err) < 0)
		return -1;
	pidfile = pidfile_take(w->pidfile, err);
	if (pidfile < 0) {
		launch_release(&a.launch);
		return -1;
	}
	/* A socket that is there is of a killed agent: nobody else can own it while this one has the pid file. */
	r = fs_unlink(w->socket, err) < 0 || fs_unlink(made, err) < 0 ? -1 : agent_run(&a, err);
	launch_release(&a.launch);
	/* An agent that has run has removed its pid file before it let anybody else begin. */
	if (r < 0)
		unlink(w->pidfile);
	return r < 0 ? -1 : a.exit_status;
}

int
main(int argc, char **argv)
{
	struct words w = { 0 };
	struct error err;
	int r;

	if (argc > 1 && strcmp(argv[1], CONFINE_WORD) == 0)
		return confine_main(argv + 1);
	if (argc > 1 && strcmp(argv[1], DNS_WORD) == 0)
		return dns_main(argv + 1);
	if (argc > 1 && strcmp(argv[1], SFTPD_WORD) == 0)
		return sftpd_main(argv + 1);
	if (ha_main_parse(argc, argv, &w) < 0)
		return 2;
	/* what a shell had there is neither for a guest to find in our memory nor for what we start */
	if (environment_leave(argv, NULL) < 0)
		log_warning("the environment of whoever started us stays: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* A signal that comes before the loop can take it would leave the pid file behind, so agent_run() unblocks them. */
	agent_signals(SIG_BLOCK);
	umask(077);
	raise_limit();
	r = ha_main_run(&w, &err);
	if (r < 0)
		log_error("%s", err.msg);
	return r < 0 ? 1 : r;
}
