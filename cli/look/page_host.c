/* What the machine is that all of it ran on: times are worth nothing without. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/os/host.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/look/page.h"

enum { HOST_MAX = 1 << 20 };

/* The value behind the first `key` of a file of the kernel's, up to the line's end. */
static const char *
host_value(struct page *p, const char *path, const char *key)
{
	AUTO(buf) text = BUF_INIT;
	const char *at;

	if (fs_read_if(path, &text, HOST_MAX, NULL) != 1 || !(at = strstr(text.s, key)))
		return "";
	at += strlen(key);
	at += strspn(at, " \t:=\"");
	return arena_memdup(&p->a, at, strcspn(at, "\n\""));
}

static void
host_row(struct page *p, const char *what, const char *value)
{
	if (*value)
		buf_addf(p->out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", what, page_esc(p, value));
}

static const char *
host_kvm(struct page *p)
{
	if (access("/dev/kvm", R_OK | W_OK) == 0)
		return "can be used";
	return arena_printf(&p->a, "cannot be used (%s): guests are emulated, some ten times slower", strerror(errno));
}

void
page_host(struct page *p)
{
	struct statvfs fs;
	struct utsname u;
	double load[3];

	buf_adds(p->out, "<section aria-labelledby=\"host\">\n<h2 id=\"host\">Host</h2>\n<div class=\"wide\"><table>\n<caption>As this page was made</caption>\n<tbody>\n");
	if (uname(&u) == 0) {
		host_row(p, "Name", u.nodename);
		host_row(p, "System", arena_printf(&p->a, "%s (%s %s, %s)", host_value(p, "/etc/os-release", "PRETTY_NAME"), u.sysname, u.release, u.machine));
	}
	host_row(p, "Processors", arena_printf(&p->a, "%ld, %s", sysconf(_SC_NPROCESSORS_ONLN), host_value(p, "/proc/cpuinfo", "model name")));
	if (getloadavg(load, 3) == 3)
		host_row(p, "Load", arena_printf(&p->a, "%.1f, %.1f, %.1f (over 1, 5 and 15 minutes)", load[0], load[1], load[2]));
	host_row(p, "Memory", arena_printf(&p->a, "%s, of which %s are available", size_text(&p->a, os_host_memory(false)), size_text(&p->a, os_host_memory(true))));
	host_row(p, "/dev/kvm", host_kvm(p));
	if (statvfs(p->c->env.home, &fs) == 0)
		host_row(p, "Free in the home", size_text(&p->a, (uint64_t)fs.f_bavail * fs.f_frsize));
	host_row(p, "Home of the instances", p->c->env.home);
	host_row(p, "limactl", p->c->env.version);
	buf_adds(p->out, "</tbody></table></div>\n</section>\n");
}
