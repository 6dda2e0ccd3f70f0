/* lima-guestagent - the program that runs in the guest. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "guest/agent/boot_marks.h"
#include "guest/agent/install.h"
#include "guest/agent/kube.h"
#include "guest/agent/listen.h"
#include "guest/agent/log.h"
#include "guest/agent/options.h"
#include "guest/agent/park_main.h"
#include "guest/agent/server.h"
#include "guest/agent/service.h"
#include "version.h"

enum { PORT_WAIT_S = 60 };

static const char usage[] =
	"Usage: lima-guestagent COMMAND [FLAGS]\n"
	"\n"
	"Commands:\n"
	"  daemon            serve the host\n"
	"  install-systemd   install the daemon as a systemd service\n"
	"  park COMMAND      wait until the host has saved this machine, and run the command as what it is to be then\n"
	"\n"
	"Flags of both:\n"
	"  --virtio-port NAME   serve on the virtio port of this name\n"
	"  --vsock-port N       serve on this vsock port\n"
	"  --socket-owner UID   user who may connect to the unix socket otherwise served on\n"
	"  --debug              log more\n"
	"Flags of daemon:\n"
	"  --runtime-dir DIR    folder for state (default /run/lima-guestagent)\n"
	"  --tick DURATION      longest time between two looks at the ports (default 3s)\n"
	"  --socket PATH        the unix socket (default /run/lima-guestagent.sock)\n"
	"Flags of install-systemd:\n"
	"  --guestagent-updated the program has changed: restart the service\n";

struct term {
	struct watch w;
	struct loop *loop;
};

static void
agent_main_terminate(struct watch *w, uint32_t events)
{
	(void)events;
	loop_stop(CONTAINER_OF(w, struct term, w)->loop);
}

/* SIGTERM and SIGINT end the loop; connections that go are noticed by the write. */
static int
agent_watch_signals(struct term *t, struct loop *l, struct error *err)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*t = (struct term){ .loop = l, .w = { .ready = agent_main_terminate, .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) } };
	if (t->w.fd < 0)
		return error_errno(err, "signals");
	loop_watch(l, &t->w, EPOLLIN);
	return 0;
}

/* A descriptor for every tunnel; and memory that was in use for a moment goes back. How many there were before: for commands, which are not us. */
static rlim_t
set_limits(void)
{
	rlim_t files = 0;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		files = r.rlim_cur;
		r.rlim_cur = r.rlim_max < 65536 ? r.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
	mallopt(M_TOP_PAD, 16 << 10);
	return files;
}

/* The driver of the port may be loaded after us. */
static void
wait_for_port(const char *name)
{
	const struct timespec nap = { .tv_nsec = 50000000 };
	struct error err;

	for (int i = 0; i < PORT_WAIT_S * 20; i++) {
		auto_close int fd = open_virtio_port(name, &err);

		if (fd >= 0 || err.code != ENOENT)
			return;
		nanosleep(&nap, NULL);
	}
}

static int
agent_main_serve(const struct server_where *where, const char *runtime_dir, unsigned tick_ms, rlim_t files, struct error *err)
{
	auto_free char *state = xasprintf("%s/ports", runtime_dir);
	struct portwatch *ports;
	struct service *service;
	struct server *server;
	struct kube *kube;
	struct loop loop;
	struct term term;
	int rc = -1;

	if (fs_mkdirs(runtime_dir, 0755, err) < 0 || loop_init(&loop, err) < 0 || agent_watch_signals(&term, &loop, err) < 0)
		return -1;
	service = xcalloc(1, sizeof *service);
	ports = portwatch_new(&loop, tick_ms);
	kube = kube_new(&loop, ports);
	service_init(service, &loop, ports, state);
	service->boot = boot_marks_new(&loop, "/run");
	service->tunnels.files = files;
	server = server_new(&loop, service, where, err);
	if (server) {
		log_info("lima-guestagent %s serves the host", LIMA_VERSION);
		rc = loop_run(&loop, err);
	}
	server_free(server);
	service_release(service);
	boot_marks_free(service->boot);
	free(service);
	kube_free(kube);
	portwatch_free(ports);
	loop_release(&loop);
	return rc;
}

static int
daemon_main(char **argv, struct error *err)
{
	struct server_where where = { .socket = "/run/lima-guestagent.sock" };
	const char *runtime_dir = "/run/lima-guestagent";
	unsigned tick_ms = 3000;
	bool debug = false;
	rlim_t files;
	const struct option options[] = {
		{ "runtime-dir", OPTION_TEXT, &runtime_dir },	    { "tick", OPTION_DURATION, &tick_ms },
		{ "vsock-port", OPTION_NUMBER, &where.vsock_port }, { "virtio-port", OPTION_TEXT, &where.virtio_port },
		{ "socket-owner", OPTION_NUMBER, &where.socket_owner }, { "socket", OPTION_TEXT, &where.socket },
		{ "debug", OPTION_BOOL, &debug },
	};

	if (options_parse(argv, options, ARRAY_LEN(options), err) < 0)
		return -1;
	if (!tick_ms)
		return error_set(err, EINVAL, "--tick: more than zero, please");
	if (geteuid() != 0)
		return error_set(err, EPERM, "must run as root");
	if (where.virtio_port && !*where.virtio_port)
		where.virtio_port = NULL;
	if (debug)
		log_debug_on();
	files = set_limits();
	if (where.virtio_port)
		wait_for_port(where.virtio_port);
	return agent_main_serve(&where, runtime_dir, tick_ms, files, err);
}

static int
install_main(char **argv, struct error *err)
{
	struct install i = { .systemctl = "systemctl", .unit = "/etc/systemd/system/lima-guestagent.service" };
	const struct option options[] = {
		{ "guestagent-updated", OPTION_BOOL, &i.updated }, { "vsock-port", OPTION_NUMBER, &i.vsock_port },
		{ "virtio-port", OPTION_TEXT, &i.virtio_port },	   { "socket-owner", OPTION_NUMBER, &i.socket_owner },
		{ "debug", OPTION_BOOL, &i.debug },
	};
	auto_free char *self = fs_realpath("/proc/self/exe");

	if (options_parse(argv, options, ARRAY_LEN(options), err) < 0)
		return -1;
	i.program = self;
	if (i.virtio_port && !*i.virtio_port)
		i.virtio_port = NULL;
	return install_systemd(&i, err);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(char **argv, struct error *err);
	} commands[] = { { "daemon", daemon_main }, { "install-systemd", install_main }, { "park", park_main } };
	int status;
	struct error err;

	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "--help"))) {
		fputs(argv[1][2] == 'v' ? "lima-guestagent version " LIMA_VERSION "\n" : usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		status = commands[i].run(argv + 1, &err);
		if (status >= 0)
			return status;
		log_warn("%s: %s", argv[1], err.msg);
		return 1;
	}
	fputs(usage, stderr);
	return 2;
}
