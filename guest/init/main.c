/*
 * guest/init/main.c - process 1 of the tiny guest, and the few tools that are the same program.
 *
 * Process 1 loads drivers, puts the root file system together, and then only reaps,
 * and waits for the power button. Everything that reads what a stranger may have
 * written (cidata) is in a child, so that nothing there can take the guest down.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/init/block.h"
#include "guest/init/cidata.h"
#include "guest/init/log.h"
#include "guest/init/modules.h"
#include "guest/init/net.h"
#include "guest/init/park.h"
#include "guest/init/power.h"
#include "guest/init/provision.h"
#include "guest/init/root.h"
#include "guest/init/services.h"
#include "guest/init/setup.h"
#include "guest/init/spawn.h"

static pid_t
load_net(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		modules_load("net");
		_exit(0);
	}
	return pid;
}

/* The long chain: begun before everything else, and on with it when *bus is closed at the other end. */
static pid_t
load_cdrom(int *bus)
{
	int p[2] = { -1, -1 };
	pid_t pid = pipe(p) < 0 ? -1 : fork();
	char c;

	if (pid == 0) {
		close(p[1]);
		modules_load("scsi");
		if (read(p[0], &c, 1) < 0)
			say_errno("wait for the bus");
		modules_load("cdrom");
		block_scan_scsi(true);
		_exit(0);
	}
	close(p[0]);
	*bus = p[1];
	return pid;
}

static void
runtime_dir(const struct setup_user *u)
{
	auto_free char *dir = xasprintf("/run/user/%u", (unsigned)u->uid);

	mkdir("/run/user", 0755);
	mkdir(dir, 0700);
	if (chown(dir, u->uid, u->gid) < 0)
		say_errno("%s", dir);
	mkdir("/run/host-services", 0700);
	if (chown("/run/host-services", u->uid, u->gid) < 0)
		say_errno("/run/host-services");
}

static void
init_main_fuse(const struct cidata *c, const char *iid)
{
	modules_load("fuse");
	/* as udev's rules have it: fusermount3 opens it as the user */
	chmod("/dev/fuse", 0666);
	/* what the host mounts by sshfs is the host's business from here on */
	if (strcmp(cidata_str(c, "MOUNTTYPE"), "reverse-sshfs") == 0)
		setup_write("/run/lima-fuse-ready", iid, 0644);
}

/* What follows from cidata. Whoever can log in does so while the scripts still run. */
static void
init_main_boot(int events, const struct block_dev *disk)
{
	struct cidata c = { 0 };
	struct setup_user u;
	const char *iid;
	pid_t key, grow, names = -1;

	prctl(PR_SET_NAME, "lima-boot");
	park();
	if (!cidata_mount(events))
		return;
	key = fork();
	if (key == 0) {
		services_host_key();
		_exit(0);
	}
	cidata_read(&c);
	init_say("cidata: instance %s", cidata_str(&c, "IID"));
	net_start(&c);
	setup_host(&c);
	setup_environment(&c);
	if (!setup_account(&c, &u))
		return;
	runtime_dir(&u);
	spawn_wait(key);
	services_ssh();
	sync();
	iid = cidata_str(&c, "IID");
	setup_write("/run/lima-ssh-ready", iid, 0644);
	init_say("ssh is up");
	grow = fork();
	if (grow == 0) {
		root_grow(disk);
		_exit(0);
	}
	if (!cidata_is(&c, "PLAIN")) {
		names = provision_names(&c);
		provision_mounts(&c);
		services_agent(&c, &u);
	}
	modules_load("late");
	init_main_fuse(&c, iid);
	spawn_wait(grow);
	spawn_wait(names);
	provision_run(&c, &u);
	if (access("/run/lima-reboot-required", F_OK) < 0)
		setup_write("/run/lima-boot-done", iid, 0644);
	init_say("boot is done");
}

static void
process_1(void)
{
	struct block_dev disk = { .path = "" };
	int events, bus;
	pid_t cdrom, net;

	root_early();
	init_say("userland");
	if (setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1) < 0)
		say_errno("PATH");
	events = block_events();
	cdrom = load_cdrom(&bus);
	modules_load("bus");
	close(bus);
	net = load_net();
	modules_load("disk");
	root_switch(events, &disk);
	init_say("root is up");
	log_file("/var/log/lima-init.log");
	/* where messages of the host send people, whatever the guest is */
	if (symlink("lima-init.log", "/var/log/cloud-init-output.log") < 0 && errno != EEXIST)
		say_errno("/var/log/cloud-init-output.log");
	spawn_wait(cdrom);
	spawn_wait(net);
	if (fork() == 0) {
		init_main_boot(events, &disk);
		_exit(0);
	}
	modules_load("power");
	power_watch();
	close(events);
	power_wait();
}

int
main(int argc, char **argv)
{
	static const char *const power[] = { "poweroff", "reboot", "halt", "shutdown" };
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];

	if (strcmp(name, "lima-dhcp") == 0)
		return net_dhcp_hook(argc, argv);
	for (size_t i = 0; i < ARRAY_LEN(power); i++)
		if (strcmp(name, power[i]) == 0)
			return power_command(name, argc, argv);
	if (getpid() == 1)
		process_1();
	fprintf(stderr, "%s: this is process 1 of the tiny guest\n", name);
	return 1;
}
