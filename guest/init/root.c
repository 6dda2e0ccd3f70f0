#include "guest/init/root.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/mem.h"
#include "guest/init/log.h"
#include "guest/init/probe.h"
#include "guest/init/spawn.h"

#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

/* In the initramfs; the overlay's own /run is a fresh tmpfs over it. */
#define DISK "/run/disk"
#define ROOT "/run/root"

static int
mount_at(const char *what, const char *type, const char *where, unsigned long flags, const char *data)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, data) == 0)
		return 0;
	say_errno("mount %s on %s", what, where);
	return -1;
}

void
root_early(void)
{
	umask(022);
	mkdir("/run", 0755);
	mount_at("devtmpfs", "devtmpfs", "/dev", MS_NOSUID, "mode=0755");
	log_console();
	mount_at("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("sysfs", "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static bool
super_block(const char *dev, struct probe_ext4 *out)
{
	auto_close int fd = open(dev, O_RDONLY | O_CLOEXEC);
	uint8_t b[PROBE_EXT4_LEN];

	return fd >= 0 && pread(fd, b, sizeof b, PROBE_EXT4_AT) == sizeof b && probe_ext4(b, out);
}

/* Repairs what can be repaired without asking (e2fsck -p). True when it is sound now. */
static bool
root_repair(const char *dev)
{
	const char *argv[] = { "/sbin/e2fsck", "-p", "-f", dev, NULL };
	int status = spawn_run(&(struct spawn){ .argv = argv });

	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) < 4)
		return true;
	init_say("e2fsck %s: %s: not mounted; nothing of it was changed by hand", dev, spawn_status(status).s);
	return false;
}

/* The kernel replays the journal itself; e2fsck is for a file system that is marked as damaged, or refused. */
static bool
mount_disk(const char *dev)
{
	static const char opts[] = "noinit_itable,errors=remount-ro";
	struct probe_ext4 sb;

	if (super_block(dev, &sb) && sb.errors && !root_repair(dev))
		return false;
	if (mount(dev, DISK, "ext4", MS_NOATIME, opts) == 0)
		return true;
	say_errno("mount %s", dev);
	return root_repair(dev) && mount(dev, DISK, "ext4", MS_NOATIME, opts) == 0;
}

/*
 * Grown while mounted: the kernel does that in a journal, so a crash in the middle is
 * no worse than any other. noinit_itable above keeps it from writing the inode tables
 * of new groups, which are zero on a disk that was just grown.
 */
void
root_grow(const struct block_dev *d)
{
	enum { SLACK = 1024 };		/* a last group of less than this many blocks is not worth it, or possible */
	auto_close int fd = *d->path ? open("/run/lima-disk", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct probe_ext4 sb;
	uint64_t want;

	if (fd < 0 || !super_block(d->path, &sb))
		return;
	want = d->size_bytes / sb.block_size;
	if (want < sb.blocks + SLACK)
		return;
	if (ioctl(fd, EXT4_IOC_RESIZE_FS, &want) < 0)
		say_errno("%s: grow from %llu to %llu blocks", d->path, (unsigned long long)sb.blocks, (unsigned long long)want);
	else
		init_say("%s: grown from %llu to %llu blocks of %u", d->path, (unsigned long long)sb.blocks, (unsigned long long)want, sb.block_size);
}

/* Mounts something writable on DISK. */
static void
root_writable(int events, struct block_dev *d)
{
	mkdir(DISK, 0755);
	if (block_wait(events, BLOCK_EXT4, ROOT_LABEL, 3000, d) < 0)
		init_say("no disk has a file system labelled " ROOT_LABEL);
	else if (mount_disk(d->path))
		return;
	*d->path = '\0';
	init_say("WARNING: running from memory, nothing that is written will be kept");
	mount_at("tmpfs", "tmpfs", DISK, 0, "mode=0755");
}

static void
root_move(const char *from, const char *to)
{
	auto_free char *target = xasprintf("%s%s", ROOT, to);

	mkdir(target, 0755);
	if (mount(from, target, NULL, MS_MOVE, NULL) < 0)
		say_errno("move %s to %s", from, to);
}

static void
mount_rest(void)
{
	mount_at("tmpfs", "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_at("devpts", "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
	mount_at("tmpfs", "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_at("cgroup2", "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (symlink("/proc/self/fd", "/dev/fd") < 0 || symlink("/proc/self/fd/0", "/dev/stdin") < 0 ||
	    symlink("/proc/self/fd/1", "/dev/stdout") < 0 || symlink("/proc/self/fd/2", "/dev/stderr") < 0)
		say_errno("links in /dev");
}

void
root_switch(int events, struct block_dev *disk)
{
	root_writable(events, disk);
	mkdir(DISK "/upper", 0755);
	mkdir(DISK "/work", 0700);
	mkdir(ROOT, 0755);
	if (mount("overlay", ROOT, "overlay", 0, "lowerdir=/,upperdir=" DISK "/upper,workdir=" DISK "/work") < 0) {
		say_errno("overlay");
		return;
	}
	mount_at("tmpfs", "tmpfs", ROOT "/run", MS_NOSUID | MS_NODEV, "mode=0755");
	root_move("/proc", "/proc");
	root_move("/sys", "/sys");
	root_move("/dev", "/dev");
	root_move(DISK, "/run/lima-disk");
	if (chdir(ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		say_errno("switch to the new root");
	chmod("/run/lima-disk", 0700);
	mount_rest();
}

/* Unmounts from the last to the first. What is still in use stays, and is made read-only below. */
static void
unmount_all(void)
{
	char *dirs[256];
	size_t n = 0;
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;

	while (f && n < ARRAY_LEN(dirs) && (m = getmntent(f)))
		if (strcmp(m->mnt_dir, "/") != 0 && strcmp(m->mnt_dir, "/proc") != 0 && strcmp(m->mnt_dir, "/dev") != 0 &&
		    strcmp(m->mnt_dir, "/run") != 0 && strcmp(m->mnt_dir, "/run/lima-disk") != 0)
			dirs[n++] = xstrdup(m->mnt_dir);
	if (f)
		endmntent(f);
	while (n > 0) {
		umount2(dirs[--n], 0);
		free(dirs[n]);
	}
}

void
root_down(void)
{
	log_close();
	sync();
	unmount_all();
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		say_errno("remount / read-only");
	if (mount(NULL, "/run/lima-disk", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0) {
		int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

		say_errno("remount the data disk read-only");
		if (fd >= 0 && write(fd, "u", 1) != 1)	/* emergency remount: nothing is left to lose */
			say_errno("sysrq");
	}
	sync();
}
