#include "providers/clusters/node_ssh.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/quote/quote.h"

enum { SHELL_MS = 120000, SSH_FAILED = 255 };

/* In `a`. */
static const char *
node_command(struct arena *a, const char *script)
{
	AUTO(buf) b = BUF_INIT, word = BUF_INIT;

	quote_shell(&word, script);
	buf_addf(&b, "if [ \"$(id -u)\" -eq 0 ]; then exec sh -c %s; else exec sudo -n sh -c %s; fi", word.s, word.s);
	return arena_strdup(a, b.s);
}

static const char *
node_last_line(struct arena *a, const struct buf *said, size_t from)
{
	const char *last = "";

	for (const char *s = said->s + from; said->len > from && *s; s += strcspn(s, "\r\n"), s += strspn(s, "\r\n"))
		last = s;
	return arena_printf(a, "%.*s", (int)strcspn(last, "\r\n"), last);
}

int
node_shell(const struct node_shell *s, struct buf *out, struct error *err)
{
	static const char *const fixed[] = {
		"ssh", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5",
		"-o", "ServerAliveCountMax=3", "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "ClearAllForwardings=yes",
		"-o", "PermitLocalCommand=no", "-o", "LogLevel=ERROR",
	};
	AUTO(arena) a = { 0 };
	const char **argv = arena_alloc(&a, (ARRAY_LEN(fixed) + 6) * sizeof *argv);
	size_t n = ARRAY_LEN(fixed), from = out->len;
	int status = -1;
	struct proc_opts o = { .input = s->input, .input_len = s->len, .out = out, .both = true, .keep_out = true, .timeout_ms = SHELL_MS,
			       .cancel = s->cancel, .status = &status };
	struct error why = { 0 };

	memcpy(argv, fixed, sizeof fixed);
	if (*s->user) {
		argv[n++] = "-l";
		argv[n++] = s->user;
	}
	argv[n++] = "--";
	argv[n++] = s->node;
	argv[n++] = node_command(&a, s->script);
	if (proc_run(argv, &o, &why) == 0)
		return 0;
	if (status < 0)
		return error_set(err, why.code, "node `%s`: %s", s->node, why.msg);
	if (status == SSH_FAILED)
		return error_set(err, ERR_REFUSED, "node `%s` is not to be entered by ssh: %s; `ssh %s` must work without a question (`engine.sshUser` says as whom)",
				 s->node, node_last_line(&a, out, from), s->node);
	return error_set(err, ERR_CHILD, "node `%s`: %s", s->node, node_last_line(&a, out, from));
}
