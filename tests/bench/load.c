/*
 * load TEMPLATE N: how long it takes to read a template with its bases, merge, fill and check it, N times over in one
 * process, as `plan` does it for N files. Prints microseconds for each, of the fastest tenth and all told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/spec/host.h"
#include "state/desired/template/template.h"

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
load(const char *locator, const struct spec_opts *opts)
{
	AUTO(template) t = { 0 };
	struct error err;
	struct spec *s;

	if (template_load(&t, locator, opts, &err) < 0 || template_spec(&s, "vm", &t, 0, opts, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	spec_free(s);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	auto_free double *us = xcalloc(n + 1, sizeof *us);
	struct host *host = host_new();
	struct spec_opts opts = { .home = "/nowhere", .version = "2.2.0", .host = host };
	double began = now_us();

	for (size_t i = 0; i < n; i++) {
		double t = now_us();

		load(argv[1], &opts);
		us[i] = now_us() - t;
	}
	began = now_us() - began;
	qsort(us, n, sizeof *us, by_size);
	printf("%.0f %.0f\n", us[n / 10], began);
	host_free(host);
	return 0;
}
