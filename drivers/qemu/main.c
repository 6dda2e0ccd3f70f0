/*
 * lima-driver-qemu --inst-dir DIR - our QEMU as an external driver, for whoever speaks upstream's protocol.
 *
 * It is planned, confined and spoken with by providers/drivers/qemu, as a machine of limactl's is. What needs processes beside it
 * (virtiofs, a TPM, networks of ours) is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/quote/quote.h"
#include "drivers/qemu/instance.h"
#include "drivers/serve/serve.h"
#include "providers/driver.h"
#include "providers/launch.h"
#include "providers/launch_files.h"

enum { UP_MS = 30000, LOOK_MS = 20 };

extern const struct driver driver_qemu;

struct served_qemu {
	struct instance_told told;
	bool configured;
};

static void
qemu_info(void *ctx, const char *dir, struct buf *json)
{
	(void)ctx;
	buf_adds(json, "{\"name\":\"qemu\",\"vsockPort\":0");
	quote_json_member(json, "virtioPort", driver_qemu.agent_port);
	quote_json_member(json, "instanceDir", dir);
	buf_adds(json, ",\"features\":{\"dynamicSSHAddress\":false,\"staticSSHPort\":false,\"skipSocketForwarding\":false,\"noCloudInit\":false,"
		       "\"rosettaEnabled\":false,\"rosettaBinFmt\":false,\"supportedImageFormats\":[\"qcow2\",\"raw\"]}}");
}

static int
qemu_configure(void *ctx, const char *json, size_t len, struct buf *filled, struct error *err)
{
	struct served_qemu *q = ctx;

	instance_told_release(&q->told);
	q->configured = instance_fill(json, len, filled, err) == 0 && instance_told_parse(&q->told, filled->s, filled->len, err) == 0;
	return q->configured ? 0 : -1;
}

static int
qemu_validate(void *ctx, struct error *err)
{
	struct served_qemu *q = ctx;

	if (!q->configured)
		return error_set(err, EINVAL, "it has not been configured");
	if (q->told.unsupported)
		return error_set(err, ERR_UNSUPPORTED, "%s: this driver has none of it", q->told.unsupported);
	return driver_qemu.check_host(&q->told.is, err);
}

static int
qemu_create_disk(void *ctx, struct error *err)
{
	struct served_qemu *q = ctx;
	auto_free char *image = xasprintf("%s/image", q->told.is.dir), *disk = xasprintf("%s/disk", q->told.is.dir);
	struct image_info info;

	if (fs_exists(disk))
		return 0;
	if (image_probe(image, &info, err) < 0)
		return -1;
	if (info.iso)
		return error_set(err, ERR_UNSUPPORTED, "%s: this driver boots no ISO", image);
	if (image_convert(&(struct image_convert){ image, info.format, disk, "qcow2", q->told.disk_bytes, NULL }, err) < 0)
		return -1;
	if (q->told.disk_bytes > 0 && image_resize(&(struct image_disk){ .path = disk, .format = "qcow2" }, q->told.disk_bytes, err) < 0)
		return -1;
	return fs_drop(image, err);
}

/* Files that QEMU opens are to be there before it is confined to them. */
static int
qemu_make_files(const char *dir, struct error *err)
{
	static const char *const names[] = { "serial.log", "serialp.log", "serialv.log", "qemu.pid" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names[i]);
		auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return error_errno(err, "open %s", path);
	}
	return 0;
}

static int
qemu_open_folders(const struct machine *m)
{
	for (size_t i = 0; i < m->nshares; i++) {
		int fd = open(m->shares[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0 || dup2(fd, LAUNCH_FOLDER_FD + (int)i) < 0)
			return -1;
		fcntl(LAUNCH_FOLDER_FD + (int)i, F_SETFD, 0);
	}
	return 0;
}

static _Noreturn void
qemu_become(const struct machine *m, const struct launch *l)
{
	auto_free char **env = environment_kept(NULL);
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	/* A machine that nobody could stop would keep its disk. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(null, 0) < 0)
		_exit(127);
	close_range(3, ~0U, 0);
	if (qemu_open_folders(m) == 0 && privilege_keep(l->machine.capabilities) == 0 && launch_files_confine(l->machine.files, l->machine.nfiles) == 0) {
		close_range(LAUNCH_FOLDER_FD + (unsigned)m->nshares, ~0U, 0);
		execve(l->machine.argv[0], (char *const *)(uintptr_t)l->machine.argv, env);
	}
	fprintf(stderr, "run %s: %s\n", l->machine.argv[0], strerror(errno));
	_exit(127);
}

/* Until it listens, so that what is asked of it next finds it. */
static int
qemu_await(const struct launch *l, struct process *machine, struct error *err)
{
	long long until = clock_ms() + UP_MS;

	while (!fs_exists(l->machine.control) && clock_ms() < until)
		if (process_wait(machine, LOOK_MS, NULL) == 1) {
			process_release(machine);
			*machine = (struct process){ .fd = -1 };
			return error_set(err, ERR_CHILD, "QEMU has ended at once");
		}
	return 0;
}

static int
qemu_start(void *ctx, struct process *machine, struct error *err)
{
	struct served_qemu *q = ctx;
	struct launch l = { .name = q->told.is.name, .dir = q->told.is.dir };
	AUTO(arena) a = { 0 };
	pid_t pid;

	if (qemu_validate(q, err) < 0 || instance_told_disks(&q->told, err) < 0 || driver_qemu.sweep(q->told.is.dir, err) < 0 ||
	    driver_qemu.plan(&q->told.is, &l, &a, err) < 0 || qemu_make_files(q->told.is.dir, err) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		qemu_become(&q->told.is, &l);
	if (pid < 0)
		return error_errno(err, "fork");
	*machine = (struct process){ .pid = pid, .fd = pidfd_open(pid, 0) };
	if (machine->fd < 0)
		return error_errno(err, "process %d", (int)pid);
	return qemu_await(&l, machine, err);
}

static int
qemu_button(void *ctx, struct error *err)
{
	return driver_qemu.press_button(((struct served_qemu *)ctx)->told.is.dir, err);
}

static int
qemu_end(void *ctx, struct error *err)
{
	return driver_qemu.quit(((struct served_qemu *)ctx)->told.is.dir, err);
}

static int
qemu_list(void *ctx, struct buf *out, struct error *err)
{
	struct served_qemu *q = ctx;

	return instance_told_disks(&q->told, err) < 0 ? -1 : driver_qemu.snapshots(q->told.is.dir, &q->told.is.disk, out, err);
}

static int
qemu_tag(void *ctx, enum snapshot_verb verb, const char *tag, struct error *err)
{
	struct served_qemu *q = ctx;

	if (snapshot_tag_check(tag, err) < 0 || instance_told_disks(&q->told, err) < 0)
		return -1;
	return driver_qemu.snapshot(q->told.is.dir, &q->told.is.disk, verb, tag, NULL, err);
}

int
main(int argc, char **argv)
{
	static const struct serve_ops ops = {
		.name = "qemu", .info = qemu_info, .configure = qemu_configure, .validate = qemu_validate, .create_disk = qemu_create_disk,
		.start = qemu_start, .press_button = qemu_button, .quit = qemu_end, .snapshots = qemu_list, .snapshot = qemu_tag,
	};
	struct served_qemu q = { 0 };
	int status = serve(&ops, &q, argc, argv);

	instance_told_release(&q.told);
	return status;
}
