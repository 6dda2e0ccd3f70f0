/* The command line of a machine that only plays one. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "providers/drivers/fake/machine.h"

int
fake_machine_number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

int
fake_machine_options(struct fake *f, int argc, char **argv)
{
	static const struct option options[] = {
		{ "pidfile", required_argument, NULL, 'p' }, { "control", required_argument, NULL, 'c' },
		{ "console", required_argument, NULL, 'l' }, { "up-ms", required_argument, NULL, 'u' },
		{ "ready-ms", required_argument, NULL, 'r' }, { "off-ms", required_argument, NULL, 'o' },
		{ "dies-ms", required_argument, NULL, 'd' }, { "refuse", required_argument, NULL, 'R' },
		{ "fail", required_argument, NULL, 'F' }, { "deaf", no_argument, NULL, 'D' },
		{ "stuck", no_argument, NULL, 'S' }, { "waits", no_argument, NULL, 'W' },
		{ "memory-kib", required_argument, NULL, 'k' }, { "slow-ms", required_argument, NULL, 's' },
		{ "unsaved", no_argument, NULL, 'U' }, { "parks", no_argument, NULL, 'P' },
		{ "holds", required_argument, NULL, 'H' }, { "unrenewed", no_argument, NULL, 'N' }, { 0 },
	};
	long long now = clock_ms();
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'p': f->pidfile = optarg; break;
		case 'c': f->control = optarg; break;
		case 'l': f->console = optarg; break;
		case 'u': f->up_at = now + fake_machine_number(optarg); break;
		case 'r': f->reboot_ms = fake_machine_number(optarg); break;
		case 'o': f->off_ms = fake_machine_number(optarg); break;
		case 'd': f->dies_at = now + fake_machine_number(optarg); break;
		case 'R': f->refuse = optarg; break;
		case 'F': f->fail = optarg; break;
		case 'S': f->stuck = true; /* fallthrough */
		case 'D': f->deaf = true; break;
		case 'W': f->stands = WAITS; break;
		case 'k': f->kib = (size_t)fake_machine_number(optarg); break;
		case 's': f->slow_ms = (size_t)fake_machine_number(optarg); break;
		case 'U': f->unsaved = true; break;
		case 'P': f->parks = true; break;
		case 'H': snprintf(f->holds, sizeof f->holds, "%s", optarg); break;
		case 'N': f->unrenewed = true; break;
		default: return -1;
		}
	f->ready_at = now + f->reboot_ms;
	return f->pidfile && f->control && f->console && optind == argc ? 0 : -1;
}
