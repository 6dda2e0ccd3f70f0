#include "guest/agent/install.h"

#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/proc.h"
#include "guest/agent/log.h"

#define SERVICE "lima-guestagent.service"

/* Nothing that systemd expands, splits or takes for a quote. */
static int
install_add_word(struct buf *b, const char *word, struct error *err)
{
	for (const char *c = word; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("%$\"'\\;", *c))
			return error_set(err, EINVAL, "\"%s\" cannot be part of a unit", word);
	buf_adds(b, word);
	return 0;
}

int
install_unit(const struct install *i, struct buf *out, struct error *err)
{
	buf_adds(out, "[Unit]\nDescription=Lima guest agent\n\n[Service]\nType=simple\nExecStart=");
	if (install_add_word(out, i->program, err) < 0)
		return -1;
	buf_adds(out, " daemon");
	if (i->vsock_port)
		buf_addf(out, " --vsock-port %u", i->vsock_port);
	if (i->virtio_port) {
		buf_adds(out, " --virtio-port ");
		if (install_add_word(out, i->virtio_port, err) < 0)
			return -1;
	}
	if (i->socket_owner)
		buf_addf(out, " --socket-owner %u", i->socket_owner);
	if (i->debug)
		buf_adds(out, " --debug");
	buf_adds(out, " --runtime-dir=\"%t/%N\"\n"
		      "Restart=on-failure\n"
		      /* what it has begun outlives it, as what sshd has begun does */
		      "KillMode=process\n"
		      "OOMPolicy=continue\n"
		      "OOMScoreAdjust=-500\n\n"
		      "[Install]\nWantedBy=multi-user.target\n");
	return 0;
}

/* 1: written, 0: was so */
static int
install_write_unit(const struct install *i, struct error *err)
{
	AUTO(buf) want = BUF_INIT, have = BUF_INIT;

	if (install_unit(i, &want, err) < 0)
		return -1;
	if (fs_read_if(i->unit, &have, 1 << 20, NULL) == 1 && have.len == want.len && !memcmp(have.s, want.s, want.len))
		return 0;
	if (fs_write(i->unit, want.s, want.len, 0644, err) < 0)
		return -1;
	log_info("%s written", i->unit);
	return 1;
}

static int
install_systemctl(const struct install *i, const char *verb, struct error *err)
{
	const char *argv[] = { i->systemctl, "--system", verb, strcmp(verb, "daemon-reload") ? SERVICE : NULL, NULL };

	log_info("systemctl %s", verb);
	return proc_run(argv, &(struct proc_opts){ .timeout_ms = 120000 }, err);
}

int
install_systemd(const struct install *i, struct error *err)
{
	static const char *const verbs[] = { "enable", "try-restart", "start" };
	int written = install_write_unit(i, err);

	if (written < 0)
		return -1;
	if (!written && !i->updated) {
		log_info("%s is up to date", SERVICE);
		return 0;
	}
	if (written && install_systemctl(i, "daemon-reload", err) < 0)
		return -1;
	for (size_t v = 0; v < ARRAY_LEN(verbs); v++)
		if (install_systemctl(i, verbs[v], err) < 0)
			return error_wrap(err, "systemctl %s", verbs[v]);
	return 0;
}
