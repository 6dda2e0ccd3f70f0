/*
 * What a guest asks of the server of a folder: packets, a byte of length before each. The first byte of all says whether it may write
 * and follows links. Nothing beside the folder is touched, and each answer is whole.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "hostagent/sftpd/session.h"
#include "tests/fuzz/fuzz.h"

static char top[64], in[80], out[80], secret[96];

static void
at_exit(void)
{
	fs_remove_tree(top, NULL);
}

/* The folder as it is at first, and another beside it. */
static void
set_up(void)
{
	auto_free char *f = NULL, *link = NULL;

	if (!*top) {
		strcpy(top, access("/dev/shm", W_OK) == 0 ? "/dev/shm/lima-fuzz.XXXXXX" : "/tmp/lima-fuzz.XXXXXX");
		if (!mkdtemp(top))
			abort();
		atexit(at_exit);
		snprintf(in, sizeof in, "%s/in", top);
		snprintf(out, sizeof out, "%s/out", top);
		snprintf(secret, sizeof secret, "%s/secret", out);
		if (mkdir(out, 0700) < 0 || fs_write(secret, "secret", 6, 0600, NULL) < 0)
			abort();
	}
	if (fs_remove_tree(in, NULL) < 0 || mkdir(in, 0700) < 0)
		abort();
	f = xasprintf("%s/f", in);
	link = xasprintf("%s/l", in);
	if (fs_write(f, "text", 4, 0600, NULL) < 0 || symlink("../out", link) < 0)
		abort();
}

/* Packets, one behind the other. */
static void
check(const struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		struct wire w = { (const uint8_t *)b->s + at, (const uint8_t *)b->s + b->len, false };
		uint32_t len = wire_u32(&w);

		if (w.bad || len < 5 || len > SFTPD_PACKET_MAX || (size_t)(w.end - w.p) < len)
			abort();
		at += 4 + len;
	}
}

/* What is beside is neither open nor changed. */
static void
untouched(const struct handles *h, const struct stat *was)
{
	struct stat st, dir;

	for (size_t i = 0; i < h->n; i++)
		if (h->fd[i] >= 0 && (fstat(h->fd[i], &st) < 0 || st.st_ino == was->st_ino))
			abort();
	if (stat(secret, &st) < 0 || st.st_ino != was->st_ino || st.st_mode != was->st_mode || st.st_size != was->st_size ||
	    st.st_nlink != 1 || st.st_uid != was->st_uid || memcmp(&st.st_mtim, &was->st_mtim, sizeof st.st_mtim) != 0 ||
	    memcmp(&st.st_ctim, &was->st_ctim, sizeof st.st_ctim) != 0 || stat(out, &dir) < 0 || dir.st_nlink != 2)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[] = { 0, 0, 0, 5, FXP_INIT, 0, 0, 0, 3 };
	AUTO(buf) answer = BUF_INIT;
	struct sftpd s = { 0 };
	struct stat was;
	bool follow;

	if (!size)
		return 0;
	set_up();
	follow = data[0] & 2;
	if (stat(secret, &was) < 0 || jail_open(&s.jail, open(in, O_PATH | O_DIRECTORY | O_CLOEXEC), in, data[0] & 1, follow) < 0 ||
	    sftpd_take(&s, hello, sizeof hello, &answer) != sizeof hello)
		abort();
	for (size_t at = 1; at < size && answer.len < (1 << 20);) {
		AUTO(buf) packet = BUF_INIT;
		size_t n = data[at++];

		if (n > size - at)
			n = size - at;
		wire_put_u32(&packet, (uint32_t)n);
		buf_add(&packet, data + at, n);
		if (sftpd_take(&s, packet.s, packet.len, &answer) < 0)
			break;
		at += n;
	}
	check(&answer);
	/* followed links lead there, by the user's wish */
	if (!follow)
		untouched(&s.handles, &was);
	sftpd_release(&s);
	return 0;
}
