#include "resources/ssh_master.h"

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/quote/quote.h"

enum { MASTER_MS = 10 * 1000 };

void
ssh_master_drop(const char *dir, bool now)
{
	auto_free char *sock = xasprintf("%s/ssh.sock", dir);
	AUTO(buf) option = BUF_INIT;
	const char *argv[] = { "ssh", "-F", "/dev/null", "-o", NULL, "-o", "HostKeyAlias=" QUOTE_SSH_ALIAS, "-O", now ? "exit" : "stop", "any", NULL };

	buf_adds(&option, "ControlPath=");
	if (!quote_ssh_path(&option, sock))
		return;
	argv[4] = option.s;
	if (fs_exists(sock) && proc_run(argv, &(struct proc_opts){ .timeout_ms = MASTER_MS }, NULL) < 0)
		fs_unlink(sock, NULL);
}
