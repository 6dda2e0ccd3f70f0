#include "hostagent/sftpd/main.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/os/process.h"
#include "hostagent/sftpd/session.h"
#include "hostagent/sftpd/walls.h"
#include "providers/kept_back.h"

enum {
	IN_MAX = 2 * (SFTPD_PACKET_MAX + 4),	/* held of what the guest asks */
	OUT_MAX = 64 * 1024,			/* held of the answers, and one more */
	IDLE_MAX = 64 * 1024,			/* kept while nothing is asked */
};

static int
init_say(struct buf *out)
{
	int r = fs_write_all(STDOUT_FILENO, out->s, out->len);

	buf_truncate(out, 0);
	return r;
}

/* All whole packets in `in`, answered; they are taken out of it. */
static int
sftpd_main_answer(struct sftpd *s, char *in, size_t *len, struct buf *out)
{
	size_t done = 0;
	ptrdiff_t n;

	while ((n = sftpd_take(s, in + done, *len - done, out)) > 0) {
		done += (size_t)n;
		if (out->len >= OUT_MAX && init_say(out) < 0)
			return -1;
	}
	memmove(in, in + done, *len - done);
	*len -= done;
	return n < 0 ? -1 : init_say(out);
}

static int
sftpd_main_serve(struct sftpd *s)
{
	auto_free char *in = xrealloc(NULL, 1, IN_MAX);
	AUTO(buf) out = BUF_INIT;
	size_t len = 0;

	for (;;) {
		ssize_t n = read(STDIN_FILENO, in + len, IN_MAX - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n || len ? SFTPD_NONSENSE : 0;
		len += (size_t)n;
		if (sftpd_main_answer(s, in, &len, &out) < 0)
			return SFTPD_NONSENSE;
		if (out.cap > IDLE_MAX)
			buf_release(&out);
	}
}

/*
 * Root is not what a guest's requests are done by: as whoever owns the folder what is made there is his, and what is not his
 * stays as closed as it is to him. Of a folder of root's nothing changes.
 */
static int
become_owner(int folder)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return -1;
	if (geteuid() != 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 || setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return -1;
	/* /proc/self/fd is ours again, too */
	return os_process_own_again();
}

int
sftpd_main(char **argv)
{
	AUTO(kept_back) kept = { 0 };
	struct sftpd s = { 0 };
	bool writable, follow;
	int status;

	if (!argv[1] || !argv[2] || argv[2][0] != '/' || !argv[3] || become_owner(SFTPD_FOLDER_FD) < 0)
		return SFTPD_NO_FOLDER;
	/* A program that was started by /proc/self/exe would be called "exe". */
	os_process_name("lima-sftp");
	writable = argv[1][0] == 'r' && argv[1][1] == 'w';
	follow = strstr(argv[1], "-follow");
	/* New files get the user's modes, not those of the agent's private files. */
	umask(022);
	fcntl(SFTPD_FOLDER_FD, F_SETFD, FD_CLOEXEC);
	if (jail_open(&s.jail, SFTPD_FOLDER_FD, argv[2], writable, follow) < 0)
		return errno == ENOSYS || errno == EPERM ? SFTPD_OLD_KERNEL : SFTPD_NO_FOLDER;
	kept_back_list(argv[3], &kept);
	for (size_t i = 0; i < kept.n; i++)
		jail_hide(&s.jail, kept.v[i]);
	status = walls_raise(follow ? NULL : SFTPD_FOLDER_PATH, writable) < 0 ? SFTPD_NO_WALLS : sftpd_main_serve(&s);
	sftpd_release(&s);
	return status;
}
