/* What a machine that only plays one holds in its memory: said to whoever saves it, and taken from whoever loads it. */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/park.h"
#include "providers/drivers/fake/machine.h"

static void
fake_answer_save(struct fake *f, struct client *c)
{
	f->stands = STANDS;
	f->said = false;
	c->saves = fake_client_say(c, "ok\n") ? f->kib : 0;
}

/* The memory: what it holds in its first KiB, and numbers that no compression makes small. */
static void
fake_memory_fill(const struct fake *f, size_t at, char out[1024])
{
	uint32_t x = (uint32_t)at * 2654435761u + 1;

	for (size_t i = 0; i < 1024; i++) {
		x = x * 1664525u + 1013904223u;
		out[i] = (char)(x >> 24);
	}
	if (at)
		return;
	memcpy(out, f->holds, MAX_LINE);
	/* The end of the text is held before it. */
	out[MAX_LINE - 1] = f->parked;
}

bool
fake_client_save(struct fake *f, struct client *c)
{
	char kib[1024];

	for (size_t i = 0; i < 64 && c->saves; i++, c->saves--) {
		fake_memory_fill(f, f->kib - c->saves, kib);
		if (send(c->fd, kib, sizeof kib, MSG_NOSIGNAL) != (ssize_t)sizeof kib)
			return false;
	}
	if (f->slow_ms)
		poll(NULL, 0, (int)f->slow_ms);
	f->said = c->saves == 0;
	return !f->said;
}

static _Noreturn void
fake_memory_refuse(void)
{
	fprintf(stderr, "fake machine: that is no memory of this machine\n");
	exit(1);
}

void
fake_client_loaded(struct fake *f)
{
	if (f->loaded != f->kib * 1024)
		fake_memory_refuse();
	f->stands = STANDS;
	f->parked = f->holds[MAX_LINE - 1] != '\0';
	f->holds[MAX_LINE - 1] = '\0';
	f->ready_at = clock_ms();
}

void
fake_client_load(struct fake *f, const char *p, size_t n)
{
	char kib[1024];

	for (size_t i = 0; i < n; i++, f->loaded++) {
		if (f->loaded < MAX_LINE) {
			f->holds[f->loaded] = p[i];
			continue;
		}
		if (f->loaded % 1024 == 0 || i == 0)
			fake_memory_fill(f, f->loaded / 1024, kib);
		if (kib[f->loaded % 1024] != p[i])
			fake_memory_refuse();
	}
	if (f->slow_ms)
		poll(NULL, 0, (int)f->slow_ms);
}

bool
fake_answer_memory(struct fake *f, struct client *c, const char *line)
{
	static const char *const stands[] = { "ok runs\n", "ok stands\n", "ok waits\n" };
	char held[PARK_MAX + 8];

	if (!strncmp(line, "hold ", 5))
		snprintf(f->holds, sizeof f->holds, "%s", line + 5);
	else if (!strcmp(line, "held"))
		return snprintf(held, sizeof held, "ok %s\n", f->holds), fake_client_say(c, held), true;
	else if (!strcmp(line, "renewed"))
		return snprintf(held, sizeof held, "ok %s\n", f->renewed), fake_client_say(c, held), true;
	else if (!strcmp(line, "park"))
		return fake_answer_park(f, c), true;
	else if (!strcmp(line, "save"))
		return fake_answer_save(f, c), true;
	else if (!strcmp(line, "saved"))
		return fake_client_say(c, f->said && !f->unsaved ? "ok\n" : "no the memory has not been said to its end\n"), true;
	else if (!strcmp(line, "load"))
		c->loads = f->stands == WAITS;
	else if (!strcmp(line, "stand"))
		return fake_client_say(c, stands[f->stands]), true;
	else if (!strcmp(line, "go-on"))
		f->stands = RUNS;
	else
		return false;
	fake_client_say(c, "ok\n");
	return true;
}
