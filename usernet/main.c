/* lima-usernet DIR: the switch of the user-v2 network whose files are there (providers/usernet.h), until SIGTERM. It runs twice: one waits for the other. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/pidfile.h"
#include "usernet/supervise.h"
#include "usernet/switch.h"
#include "usernet/walls.h"

/* A socket each for what a hundred guests talk to. */
static void
raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

int
main(int argc, char **argv)
{
	static struct sw s;
	struct error err = {0};
	auto_free char *pidfile = NULL;
	int r = -1;

	if (argc != 2 || *argv[1] != '/' || !argv[1][1]) {
		fprintf(stderr, "usage: lima-usernet DIR\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_files();
	supervise();
	pidfile = xasprintf("%s/usernet_%s.pid", argv[1], strrchr(argv[1], '/') + 1);
	if (pidfile_take(pidfile, &err) >= 0 && switch_open(&s, argv[1], &err) == 0 &&
	    walls_raise_switch(argv[1], &err) == 0)
		r = switch_run(&s, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.msg);
	switch_close(&s);
	return r < 0;
}
