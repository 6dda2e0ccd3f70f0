/*
 * limactl-mcp: the plugin `limactl mcp`, by which AI tools work inside an instance.
 *
 * Standard output belongs to the protocol; whatever is for people goes to standard error.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/privilege.h"
#include "base/quote/quote.h"
#include "cli/mcp/guest.h"
#include "cli/mcp/rpc.h"
#include "cli/mcp/tools.h"
#include "version.h"

enum { LINE_MAX_BYTES = 64 << 20 };

static const char usage[] =
	"Model Context Protocol: let AI tools run commands and change files inside an instance (experimental)\n"
	"\n"
	"Usage:\n"
	"  limactl mcp [command]\n"
	"\n"
	"Examples:\n"
	"  limactl mcp info\n"
	"  limactl mcp serve default\n"
	"\n"
	"Commands:\n"
	"  info                Show the tools, as JSON\n"
	"  serve [INSTANCE]    Serve MCP over standard input and output; for an AI tool to run, not for people\n"
	"\n"
	"Flags:\n"
	"  -h, --help      Show this help\n"
	"  -v, --version   Show the version\n";

/* What is wrong may be in the guest's words, or in those of whoever wrote the command line. */
static int
mcp_main_fail(const struct error *err)
{
	AUTO(buf) clean = BUF_INIT;

	quote_terminal(&clean, err->msg, strlen(err->msg));
	fprintf(stderr, "limactl-mcp: %s\n", clean.s);
	return 1;
}

static int
print_tools(FILE *to)
{
	cJSON *o = tools_json();
	char *text = cJSON_Print(o);

	fprintf(to, "%s\n", text);
	cJSON_free(text);
	cJSON_Delete(o);
	return fflush(to) == 0 ? 0 : 1;
}

static int
mcp_main_serve(const char *instance)
{
	struct guest g = { .instance = instance };
	struct error err = { 0 };
	auto_free char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (guest_inspect(&g, &err) < 0)
		return mcp_main_fail(&err);
	signal(SIGPIPE, SIG_IGN);
	while ((n = getline(&line, &room, stdin)) >= 0) {
		AUTO(buf) out = BUF_INIT;

		if (n > LINE_MAX_BYTES) {
			error_set(&err, EFBIG, "a message of %zd bytes", n);
			guest_release(&g);
			return mcp_main_fail(&err);
		}
		rpc_answer(&g, line, (size_t)n, &out);
		if (out.len && (fwrite(out.s, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
			break;		/* nobody listens any more */
	}
	guest_release(&g);
	return 0;
}

static int
generate_doc(const char *dir)
{
	AUTO(buf) b = BUF_INIT;
	struct error err = { 0 };
	auto_free char *path = xasprintf("%s/mcp.md", dir);

	buf_adds(&b, "---\ntitle: limactl mcp\n---\n");
	for (const struct tool *t = tools; t->name; t++) {
		buf_addf(&b, "\n## `%s`\n\n%s.\n\n", t->name, t->about);
		for (const struct tool_field *f = t->takes; f->name; f++)
			buf_addf(&b, "* `%s`%s: %s\n", f->name, f->optional ? " (optional)" : "", f->about);
	}
	return fs_mkdirs(dir, 0755, &err) < 0 || fs_write_beside(path, b.s, b.len, 0644, &err) < 0 ? mcp_main_fail(&err) : 0;
}

int
main(int argc, char **argv)
{
	static const char *const ours[] = { "LIMACTL", "LIMA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", NULL };
	const char *verb = argc > 1 ? argv[1] : "--help";
	struct error err;

	/* it speaks with a guest for as long as the AI's session lasts: no token of the shell's is in its memory, and nothing gives it more rights */
	if (environment_leave(argv, ours) < 0)
		fprintf(stderr, "limactl-mcp: the environment of whoever started us stays: %s\n", strerror(errno));
	privilege_no_new();
	if (strcmp(verb, "info") == 0 && argc == 2)
		return print_tools(stdout);
	if (strcmp(verb, "serve") == 0 && argc <= 3 && (argc < 3 || argv[2][0] != '-'))
		return mcp_main_serve(argc > 2 ? argv[2] : "default");
	if (strcmp(verb, "generate-doc") == 0 && argc == 3)
		return generate_doc(argv[2]);
	if (strcmp(verb, "--version") == 0 || strcmp(verb, "-v") == 0) {
		printf("limactl-mcp version %s\n", LIMA_VERSION);
		return 0;
	}
	if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0 ||
	    (strcmp(verb, "serve") == 0 && argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))) {
		fputs(usage, stdout);
		return 0;
	}
	error_set(&err, ERR_INVALID, "unknown command or arguments: %s; see `limactl mcp --help`", verb);
	return mcp_main_fail(&err);
}
